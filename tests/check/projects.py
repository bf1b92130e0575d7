"""Projects with a handler of the tests, and checks of them."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

HERE = Path(__file__).parent
PLANTED = sorted((HERE / "planted").glob("*.py"))
HONEST = sorted((HERE / "honest").glob("*.py"))

SAMPLES = """\
{"v": 1, "at": "2024-03-10T02:30:00Z", "kind": "order"}
{"v": 2.5, "at": "2024-03-11T02:30:00Z", "kind": "order", "name": "Ann"}
"""

# Where a test is not about what records carry: fewer variants to go through.
ONE_MEMBER = '{"v": 1}\n'
FEW_MEMBERS = """\
{"v": 1, "at": "2024-03-10T02:30:00Z"}
{"v": 2.5, "kind": "order"}
"""
NO_MEMBER = '"x"\n'

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: app.handler
      Runtime: python3.13
      Timeout: 3
      Events:
        Stream:
          Type: Kinesis
          Properties:
            Stream: arn:aws:kinesis:us-east-1:123456789012:stream/orders
            StartingPosition: TRIM_HORIZON
            BatchSize: 100
            MaximumRetryAttempts: 3
            FunctionResponseTypes: [ReportBatchItemFailures]
"""


@dataclass(frozen=True, slots=True)
class Planted:
    """What a planted handler says of itself."""

    property: str
    options: Sequence[str]

    def values_of(self, option: str) -> tuple[str, ...]:
        """What stands behind an option, each time."""
        pairs = pairwise(self.options)
        return tuple(value for name, value in pairs if name == option)


def planted(file: Path) -> Planted:
    """Read the first lines of a planted handler."""
    text = file.read_text()
    found = re.match(r'"""([a-z-]+): .*"""\n(?:# kcli check (.*)\n)?', text)
    assert found, f"{file.name} does not say what is wrong with it"
    return Planted(found[1], shlex.split(found[2] or ""))


def project(folder: Path, code: str, *, template: str = TEMPLATE, samples: str = SAMPLES) -> Path:
    """A project in `folder` whose function is `code`."""
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "src" / "app.py").write_text(code)
    (folder / "template.yaml").write_text(template)
    (folder / "samples.jsonl").write_text(samples)
    return folder
