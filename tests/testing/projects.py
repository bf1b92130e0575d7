"""A small project, for tests of the plugin: a template, a function, and its tests."""

import textwrap
from pathlib import Path

import pytest

# What the plugin imports when a fixture is used. Imported here, since pytester forgets the modules
# that a run in this process has imported.
import kinesis_cli.testing.kept
import kinesis_cli.testing.kinesis
import kinesis_cli.testing.markdown  # noqa: F401

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Stream:
    Type: AWS::Kinesis::Stream
    Properties: {ShardCount: 1}
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: app.lambda_handler
      Runtime: python3.13
      Timeout: 10
      Events:
        Stream:
          Type: Kinesis
          Properties:
            Stream: !GetAtt Stream.Arn
            StartingPosition: TRIM_HORIZON
            BatchSize: 10
            MaximumRetryAttempts: 2
            BisectBatchOnFunctionError: true
"""

APP = """
import base64, json

def lambda_handler(event, context):
    for record in event["Records"]:
        value = json.loads(base64.b64decode(record["kinesis"]["data"]))
        print("value", value["v"])
"""


# Said, since pytest-asyncio warns where it is not; it is installed here.
ASYNCIO = "asyncio_default_fixture_loop_scope = function\n"


def make_project(pytester: pytest.Pytester, tests: str, *, ini: str = "") -> Path:
    """Write the project; returns its folder."""
    folder = pytester.path
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text(APP)
    pytester.makeini(f"[pytest]\npythonpath = src\n{ASYNCIO}{textwrap.dedent(ini)}")
    pytester.makepyfile(test_app=textwrap.dedent(tests))
    return folder
