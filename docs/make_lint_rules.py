"""Writes the rules into docs/lint.md, each found in a template that is spoilt for it: `make docs`.

With ``-`` the page goes to standard output instead; a test compares the two.
"""

import difflib
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from kinesis_cli.lint.linting import Located, lint_file, rules
from kinesis_cli.lint.rule import Rule
from kinesis_cli.project.template.file import TemplateFile

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "lint.md"
CAREFUL = ROOT / "fixtures" / "lint" / "careful"
MARK = "<!-- from here on made by docs/make_lint_rules.py -->\n"

Changes = tuple[tuple[str, str], ...]

REPORTS = "            FunctionResponseTypes: [ReportBatchItemFailures]\n"
DESTINATION = """\
            DestinationConfig:
              OnFailure:
                Type: SQS
                Destination: !GetAtt Failures.Arn
"""
RETRIES = "            MaximumRetryAttempts: 5\n"
AGE = "            MaximumRecordAgeInSeconds: 3600\n"
BATCH = "            BatchSize: 100\n"
QUEUE = "  Failures:\n    Type: AWS::SQS::Queue\n"
TIMEOUT = "      Timeout: 30\n"
READER = """
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: reader/
      Handler: app.handler
      Runtime: python3.12
      Timeout: {}
      Events: {{Jobs: {{Type: SQS, Properties: {{Queue: !GetAtt Failures.Arn}}}}}}
"""
PRODUCER = """
  Producer:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: producer/
      Handler: app.handler
      Runtime: python3.12
      Environment: {Variables: {STREAM: !Ref Orders}}
"""

_STREAM = """\
    Type: AWS::Kinesis::Stream
    Properties:
      ShardCount: 2
      RetentionPeriodHours: 48
"""
_TABLE = """\
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
"""


@dataclass(frozen=True)
class Example:
    """How a rule is broken."""

    why: str
    changes: Changes = ()
    added: str = ""
    files: tuple[tuple[str, str], ...] = ()


def _pattern(text: str) -> Changes:
    line = f"            FilterCriteria: {{Filters: [{{Pattern: '{text}'}}]}}\n"
    return ((REPORTS, REPORTS + line),)


def _of_table(more: str = "") -> Changes:
    return (
        (_STREAM, _TABLE + more),
        ("Type: Kinesis\n", "Type: DynamoDB\n"),
        ("!GetAtt Orders.Arn", "!GetAtt Orders.StreamArn"),
    )


def _queue(line: str) -> tuple[str, str]:
    return QUEUE, f"{QUEUE}    Properties:\n      {line}\n"


EXAMPLES = {
    "K001": Example(
        "AWS's defaults: a batch that fails is delivered again until its records leave the stream, "
        "and nothing behind it on the shard is delivered meanwhile. A number of retries that takes "
        "longer than the stream keeps records is the same.",
        ((RETRIES, ""), (AGE, "")),
    ),
    "K002": Example(
        "What is given up (retries are over, the record is too old) is reported to the on-failure "
        "destination, and to nobody else: neither log nor metric names the records.",
        ((DESTINATION, ""),),
    ),
    "K003": Example(
        "Without ReportBatchItemFailures Lambda does not look at what the function returns. Found "
        "by following the returns of a Python handler; in other languages by words of its files, "
        "and then it is a warning.",
        ((REPORTS, ""),),
    ),
    "K004": Example(
        "The setting alone changes nothing: an exception still fails the whole batch. Said only "
        "where every return of the handler can be followed.",
        files=(("src/app.py", "def handler(event, context):\n    print(event)\n"),),
    ),
    "K005": Example(
        "Where retries end, a whole batch ends. Halved on an error, the bad record is alone.",
        (("            BisectBatchOnFunctionError: true\n", ""),),
    ),
    "K006": Example(
        "Lambda may gather a batch for as long as the window, and a record that becomes too old "
        "while it waits may be given up uncalled. "
        "AWS does not say when the age is looked at (`age-in-window` in [Fidelity](fidelity.md)).",
        (
            (BATCH, f"{BATCH}            MaximumBatchingWindowInSeconds: 300\n"),
            (AGE, AGE.replace("3600", "300")),
        ),
    ),
    "K007": Example(
        "A record that the stream has dropped was not given up, so nobody is told of it.",
        ((AGE, AGE.replace("3600", "604800")),),
    ),
    "K008": Example(
        "The two limits contradict each other where calls take long: the age wins.",
        ((RETRIES, RETRIES.replace("5", "500")),),
    ),
    "K009": Example(
        "LATEST begins when the mapping is ready, which is minutes after the deployment began.",
        (("StartingPosition: TRIM_HORIZON", "StartingPosition: LATEST"),),
    ),
    "K010": Example("", (_queue("FifoQueue: true"),)),
    "K011": Example(
        "Filters beside a window are refused for DynamoDB streams and probably for Kinesis: "
        "a warning (`window-filters` in [Fidelity](fidelity.md)).",
        (
            (
                BATCH,
                f"{BATCH}            ParallelizationFactor: 2\n"
                "            TumblingWindowInSeconds: 60\n",
            ),
        ),
    ),
    "K012": Example(
        "A filter that AWS refuses, one that looks at what no record has, or one that compares "
        "numbers where the changes of a DynamoDB table have texts, leaves their type out, or looks "
        "at an image that the table's stream does not show.",
        _pattern('{"body": {"kind": ["order"]}}'),
    ),
    "K013": Example(
        "`metadata-filter` in [Fidelity](fidelity.md) has both readings.",
        _pattern('{"partitionKey": ["a"]}'),
    ),
    "K014": Example(
        "Filtered records are not failures: no log, no retry, no document.",
        _pattern('{"data": {"kind": ["order"]}}'),
    ),
    "K015": Example(
        "Each shard wants ParallelizationFactor calls at the same time. Throttled calls are no "
        "failures; they are made again, and the records wait.",
        ((TIMEOUT, f"{TIMEOUT}      ReservedConcurrentExecutions: 1\n"),),
    ),
    "K016": Example(
        "The worst case, in which every call takes as long as Timeout lets it. Said below one "
        "record a second.",
        ((BATCH, BATCH.replace("100", "10")),),
    ),
    "K017": Example(
        "Not said where the template has a macro, a module or a nested stack that is not here, "
        "which may bring the alarm.",
        (("MetricName: IteratorAge", "MetricName: Errors"),),
    ),
    "K018": Example(
        "Neither an alarm, nor a function that reads the queue, nor a subscription of the topic.",
        (("MetricName: ApproximateNumberOfMessagesVisible", "MetricName: SentMessageSize"),
         ("Value: !GetAtt Failures.QueueName", "Value: orders")),
    ),
    "K019": Example(
        "SQS's own default is 4 days, a long weekend.", (_queue("MessageRetentionPeriod: 3600"),)
    ),
    "K020": Example("SQS encrypts by default.", (_queue("SqsManagedSseEnabled: false"),)),
    "K021": Example(
        "A document that the reader cannot handle is a poison message of its own.",
        added=READER.format(30),
    ),
    "K022": Example("", (_queue("RedrivePolicy: {deadLetterTargetArn: !ImportValue dead, "
                                "maxReceiveCount: 3}"),), added=READER.format(60)),
    "K023": Example(
        "For streams on demand only.",
        (
            (
                "      ShardCount: 2\n",
                "      StreamModeDetails: {StreamMode: ON_DEMAND}\n"
                "      RecordDistributionStrategy: AUTO\n",
            ),
        ),
    ),
    "K024": Example(
        "A producer of the template that uses the KPL's format, and a function that reads the "
        "stream without a consumer of enhanced fan-out.",
        added=PRODUCER,
        files=(("producer/app.py", "import aws_kinesis_agg.aggregator\n"),),
    ),
    "K025": Example(
        "Roles, their policies, SAM's policy templates and what SAM adds by itself are read. "
        "Where a policy is not in the template, nothing is said.",
        ((DESTINATION, DESTINATION.replace("                Type: SQS\n", "")),),
    ),
    "K026": Example(
        "Out of AWS's limits, missing, or of another form.",
        ((BATCH, BATCH.replace("100", "20000")),),
    ),
    "K027": Example(
        "Patterns for a DynamoDB table's stream see the record as it is: each value of an item is "
        "an object that names its type, and a removal has no NewImage. That a NewImage is looked "
        "at, and removals never match, is a note.",
        (
            *_of_table("      StreamSpecification: {StreamViewType: NEW_IMAGE}\n"),
            *_pattern('{"dynamodb": {"NewImage": {"status": [{"exists": false}]}}}'),
        ),
    ),
    "K028": Example(
        "A table has a stream only where StreamSpecification turns it on.", _of_table()
    ),
}  # fmt: skip


def page() -> str:
    """The whole page: what is written by hand, then the rules."""
    written, _, _ = PAGE.read_text().partition(MARK)
    return written + MARK + "\n" + "\n".join(map(_section, rules()))


def _section(rule: Rule) -> str:
    example = EXAMPLES[rule.id]
    careful = (CAREFUL / "template.yaml").read_text()
    spoilt = careful
    for old, new in example.changes:
        assert spoilt.count(old) == 1, old
        spoilt = spoilt.replace(old, new)
    spoilt += example.added
    located = _found(rule, spoilt, example)
    said = [located.finding.message, located.finding.effect, f"Fix: {located.advice}"]
    parts = [
        f"### {rule.id} {rule.name} ({rule.severity})",
        f"{rule.title}. {example.why}".strip(),
        f"```diff\n{_difference(careful, spoilt, example)}```",
        "\n>\n".join(f"> {text}" for text in said),
        f"Source: <{rule.source}>",
    ]
    return "\n\n".join(parts) + "\n"


def _found(rule: Rule, spoilt: str, example: Example) -> Located:
    """The finding, of the real linter in a folder of its own."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {"src/app.py": (CAREFUL / "src" / "app.py").read_text(), **dict(example.files)}
        for file, text in files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text)
        (folder / "template.yaml").write_text(spoilt)
        os.chdir(folder)
        try:
            found = lint_file(TemplateFile(Path("template.yaml"))).findings
        finally:
            os.chdir(here)
    return next(each for each in found if each.finding.rule.id == rule.id)


def _difference(careful: str, spoilt: str, example: Example) -> str:
    lines = difflib.unified_diff(careful.splitlines(), spoilt.splitlines(), n=0, lineterm="")
    changed = [line for line in lines if not line.startswith(("+++", "---", "@@")) and line != "+"]
    for file, text in example.files:
        changed += [f"+++ {file}", *(f"+{line}" for line in text.splitlines())]
    return "".join(f"{line}\n" for line in changed)


if __name__ == "__main__":
    if sys.argv[1:] == ["-"]:
        sys.stdout.write(page())
    else:
        PAGE.write_text(page())
