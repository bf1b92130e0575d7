"""Each rule has a template that triggers it, and one that nearly does."""

from dataclasses import dataclass, field

import pytest

from kinesis_cli.lint.linting import Located, rules
from kinesis_cli.lint.rule import Severity
from tests.unit.lint.careful import CAREFUL, FILES, HANDLER, spoilt
from tests.unit.lint.conftest import Linted

Changes = tuple[tuple[str, str], ...]

RETRIES = "            MaximumRetryAttempts: 5\n"
AGE = "            MaximumRecordAgeInSeconds: 3600\n"
REPORTS = "            FunctionResponseTypes: [ReportBatchItemFailures]\n"
DESTINATION = """\
            DestinationConfig:
              OnFailure:
                Type: SQS
                Destination: !GetAtt Failures.Arn
"""
BATCH = "            BatchSize: 100\n"
BISECT = "            BisectBatchOnFunctionError: true\n"
TIMEOUT = "      Timeout: 30\n"
RESERVED = "      Timeout: 30\n      ReservedConcurrentExecutions: {}\n"
POLICIES = "      Policies: [SQSSendMessagePolicy: {QueueName: !Ref Failures}]\n"
ITEM = '{"data": {"dynamodb": {"NewImage": {"n": {"N": [%s]}}}}}'
QUEUE = "  Failures:\n    Type: AWS::SQS::Queue\n"
SHARDS = "      ShardCount: 2\n"
PLAIN_HANDLER = """\
def handler(event, context):
    for record in event["Records"]:
        print(record)
    return {"statusCode": 200}
"""
RAISING_HANDLER = """\
def handler(event, context):
    if not event["Records"]:
        return None
    failures = []
    return answer(failures)

def answer(failures):
    return {"batchItemFailures": failures}
"""


def queue(**members: object) -> str:
    lines = "".join(f"      {name}: {value}\n" for name, value in members.items())
    return f"{QUEUE}    Properties:\n{lines}"


def pattern(text: str) -> tuple[str, str]:
    return REPORTS, f"{REPORTS}            FilterCriteria: {{Filters: [{{Pattern: '{text}'}}]}}\n"


def filters(count: int) -> tuple[str, str]:
    each = ", ".join(f'{{Pattern: \'{{"data": {{"n": [{n}]}}}}\'}}' for n in range(count))
    return REPORTS, f"{REPORTS}            FilterCriteria: {{Filters: [{each}]}}\n"


TO_TABLE = (
    (
        "    Type: AWS::Kinesis::Stream\n    Properties:\n      ShardCount: 2\n"
        "      RetentionPeriodHours: 48\n",
        "    Type: AWS::DynamoDB::Table\n    Properties:\n"
        "      StreamSpecification: {StreamViewType: NEW_IMAGE}\n",
    ),
    ("Type: Kinesis\n", "Type: DynamoDB\n"),
    ("!GetAtt Orders.Arn", "!GetAtt Orders.StreamArn"),
)
NO_STREAM = (
    (
        TO_TABLE[0][0],
        "    Type: AWS::DynamoDB::Table\n    Properties: {BillingMode: PAY_PER_REQUEST}\n",
    ),
    *TO_TABLE[1:],
)
IMAGE = '{"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": %s}}}'

READER = """\

  Reader:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: "def handler(event, context): pass"
      Handler: index.handler
      Runtime: python3.12
      Timeout: TIMEOUT
      Events: {Jobs: {Type: SQS, Properties: {Queue: !GetAtt Failures.Arn}}}
"""
DEAD = "  Dead:\n    Type: AWS::SQS::Queue\n\n"
REDRIVE = "\n        deadLetterTargetArn: !GetAtt Dead.Arn\n        maxReceiveCount: 3"

ROLE = """\

  Role:
    Type: AWS::IAM::Role
    Properties:
      ManagedPolicyArns: [arn:aws:iam::aws:policy/service-role/AWSLambdaKinesisExecutionRole]
      Policies:
        - PolicyName: send
          PolicyDocument:
            Statement:
              - Effect: Allow
                Action: ACTION
                Resource: !GetAtt Failures.Arn
"""
OWN_ROLE = (TIMEOUT, "      Timeout: 30\n      Role: !GetAtt Role.Arn\n")

PRODUCER = """\

  Producer:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: producer/
      Handler: app.handler
      Runtime: python3.12
      Environment: {Variables: {STREAM: !Ref Orders}}
"""
AGGREGATING = {
    "producer/app.py": "import aws_kinesis_agg.aggregator\ndef handler(event, context): pass\n"
}
OPENING = {
    **AGGREGATING,
    "src/app.py": "from aws_kinesis_agg.deaggregator import deaggregate_records\n" + HANDLER,
}


@dataclass(frozen=True)
class Case:
    id: str
    trigger: Changes = ()
    nearly: Changes = ()
    files: dict[str, str] = field(default_factory=dict)
    nearly_files: dict[str, str] = field(default_factory=dict)
    added: str = ""
    nearly_added: str = ""
    beside: frozenset[str] = frozenset()  # what else is true of the template that triggers
    severity: Severity | None = None


CASES = [
    Case("K001", ((RETRIES, ""), (AGE, "")), ((RETRIES, ""),)),
    # as many retries as take longer than the stream keeps records
    Case("K001", ((RETRIES, RETRIES.replace("5", "10000")), (AGE, "")),
         ((RETRIES, RETRIES.replace("5", "1000")), (AGE, ""))),
    Case("K002", ((DESTINATION, ""),),
         ((DESTINATION, DESTINATION.replace("!GetAtt Failures.Arn", "!ImportValue failures")),)),
    Case("K003", ((REPORTS, ""),), ((REPORTS, ""),),
         nearly_files={"src/app.py": PLAIN_HANDLER}),
    Case("K003", ((REPORTS, ""),), files={"src/app.py": RAISING_HANDLER}),
    Case("K004", files={"src/app.py": PLAIN_HANDLER}, nearly_files={"src/app.py": RAISING_HANDLER}),
    Case("K005", ((BISECT, ""),),
         ((BISECT, ""), (BATCH, BATCH.replace("100", "1")), (TIMEOUT, ""))),
    Case("K006", ((BATCH, f"{BATCH}            MaximumBatchingWindowInSeconds: 60\n"),
                  (AGE, AGE.replace("3600", "60"))),
         ((BATCH, f"{BATCH}            MaximumBatchingWindowInSeconds: 60\n"),
          (AGE, AGE.replace("3600", "61"))),
         beside=frozenset({"K008"})),
    Case("K007", ((AGE, AGE.replace("3600", "172801")),), ((AGE, AGE.replace("3600", "172800")),)),
    Case("K008", ((RETRIES, RETRIES.replace("5", "121")),),
         ((RETRIES, RETRIES.replace("5", "120")),)),
    Case("K009", (("StartingPosition: TRIM_HORIZON", "StartingPosition: LATEST"),),
         (("StartingPosition: TRIM_HORIZON",
           "StartingPosition: AT_TIMESTAMP\n            StartingPositionTimestamp: 1700000000"),)),
    Case("K010", ((QUEUE, queue(FifoQueue="true")),), ((QUEUE, queue(FifoQueue="false")),)),
    Case("K010", ((DESTINATION, DESTINATION.replace("!GetAtt Failures.Arn",
                                                    "arn:aws:sqs:eu-west-1:123456789012:f.fifo")),),
         ((DESTINATION, DESTINATION.replace("!GetAtt Failures.Arn",
                                            "arn:aws:sqs:eu-west-1:123456789012:fifo")),)),
    Case("K011", ((BATCH, f"{BATCH}            ParallelizationFactor: 2\n"
                          "            TumblingWindowInSeconds: 60\n"),),
         ((BATCH, f"{BATCH}            ParallelizationFactor: 1\n"
                  "            TumblingWindowInSeconds: 60\n"),)),
    Case("K011", (pattern('{"partitionKey": ["a"]}'),
                  (BATCH, f"{BATCH}            TumblingWindowInSeconds: 60\n")),
         (pattern('{"partitionKey": ["a"]}'),), beside=frozenset({"K013"}),
         severity=Severity.WARNING),
    Case("K012", (pattern('{"data": {"price": [{"numeric": [">", 10, "<", 10]}]}}'),),
         (pattern('{"data": {"price": [{"numeric": [">", 10, "<", 11]}]}}'),),
         ),
    Case("K012", (pattern('{"data": {"kind": []}}'),), (pattern('{"data": {"kind": ["a"]}}'),)),
    Case("K012", (pattern('{"body": {"kind": ["a"]}}'),),
         (pattern('{"body": [{"exists": false}]}'),)),
    Case("K012", (pattern('{"eventName": ["INSERT"]}'),),
         (pattern('{"data": {"eventName": ["INSERT"]}}'),)),
    Case("K012", (pattern(ITEM % '{"numeric": [">", 5]}'),), (pattern(ITEM % '"5"'),)),
    Case("K012", (filters(11),), (filters(5),), beside=frozenset({"K014"})),
    Case("K012", (filters(6),), (filters(5),), beside=frozenset({"K014"}),
         severity=Severity.WARNING),
    Case("K013", (pattern('{"partitionKey": ["a"]}'),), (pattern('{"data": {"key": ["a"]}}'),)),
    Case("K014", (pattern('{"data": {"key": ["a"]}}'),), (pattern('{"partitionKey": ["a"]}'),)),
    Case("K015", ((TIMEOUT, RESERVED.format(1)),),
         ((TIMEOUT, RESERVED.format(2)),)),
    Case("K015", ((TIMEOUT, RESERVED.format(0)),)),
    Case("K015", ((TIMEOUT, RESERVED.format(7)),
                  (BATCH, f"{BATCH}            ParallelizationFactor: 4\n")),
         ((TIMEOUT, RESERVED.format(8)),
          (BATCH, f"{BATCH}            ParallelizationFactor: 4\n"))),
    Case("K016", ((BATCH, BATCH.replace("100", "29")),), ((BATCH, BATCH.replace("100", "30")),)),
    Case("K017", (("MetricName: IteratorAge", "MetricName: Errors"),),
         (("MetricName: IteratorAge", "MetricName: GetRecords.IteratorAgeMilliseconds"),)),
    Case("K018", (("Value: !GetAtt Failures.QueueName", "Value: others"),),
         (("Value: !GetAtt Failures.QueueName", "Value: !Ref Unknown"),)),
    Case("K019", ((QUEUE, queue(MessageRetentionPeriod=345_599)),),
         ((QUEUE, queue(MessageRetentionPeriod=345_600)),)),
    Case("K020", ((QUEUE, queue(SqsManagedSseEnabled="false")),),
         ((QUEUE, queue(SqsManagedSseEnabled="false", KmsMasterKeyId="alias/aws/sqs")),)),
    Case("K021", added=READER.replace("TIMEOUT", "30"),
         nearly=((QUEUE, DEAD + queue(RedrivePolicy=REDRIVE)),),
         nearly_added=READER.replace("TIMEOUT", "30")),
    Case("K022", ((QUEUE, DEAD + queue(RedrivePolicy=REDRIVE)),),
         ((QUEUE, DEAD + queue(RedrivePolicy=REDRIVE, VisibilityTimeout=31)),),
         added=READER.replace("TIMEOUT", "31"), nearly_added=READER.replace("TIMEOUT", "31")),
    Case("K023", ((SHARDS, "      StreamModeDetails: {StreamMode: ON_DEMAND}\n"
                           "      RecordDistributionStrategy: AUTO\n"),),
         ((SHARDS, "      StreamModeDetails: {StreamMode: ON_DEMAND}\n"
                   "      RecordDistributionStrategy: USER_PARTITION_KEY\n"),)),
    Case("K024", files=AGGREGATING, added=PRODUCER, nearly_files=OPENING, nearly_added=PRODUCER),
    Case("K025", ((DESTINATION, DESTINATION.replace("                Type: SQS\n", "")),),
         ((DESTINATION, DESTINATION.replace("                Type: SQS\n", "")),
          (TIMEOUT,
           TIMEOUT + POLICIES))),
    Case("K025", (OWN_ROLE,), (OWN_ROLE,), added=ROLE.replace("ACTION", "sqs:ReceiveMessage"),
         nearly_added=ROLE.replace("ACTION", "sqs:Send*")),
    Case("K026", ((BATCH, BATCH.replace("100", "10001")),),
         ((BATCH, BATCH.replace("100", "10000")),)),
    Case("K026", (("            StartingPosition: TRIM_HORIZON\n", ""),)),
    Case("K026", ((DESTINATION, DESTINATION.replace("!GetAtt Failures.Arn", "!Ref Failures")),)),
    Case("K027", (*TO_TABLE, pattern(IMAGE % '[{"exists": false}]')),
         (*TO_TABLE, pattern(IMAGE % '{"S": [{"exists": false}]}'))),
    Case("K028", NO_STREAM, TO_TABLE),
]  # fmt: skip


def found(linted: list[Located]) -> set[str]:
    return {each.finding.rule.id for each in linted}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_rule_is_triggered_by_what_it_is_about_and_by_nothing_else(
    case: Case, lint: Linted
) -> None:
    linted = lint(spoilt(*case.trigger) + case.added, {**FILES, **case.files})
    assert found(linted.findings) == {case.id} | case.beside
    [first] = [each for each in linted.findings if each.finding.rule.id == case.id]
    assert first.finding.level is (case.severity or first.finding.rule.severity)
    assert first.line is not None
    assert first.finding.effect
    assert any(letter.isdigit() for letter in first.finding.effect) or case.id in WITHOUT_NUMBER


# They are refused, or it is a matter of who may see what.
WITHOUT_NUMBER = {"K010", "K011", "K012", "K020", "K022", "K025", "K026", "K028"}


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.nearly or case.nearly_files], ids=lambda case: case.id
)
def test_a_rule_is_silent_where_it_is_nearly_so(case: Case, lint: Linted) -> None:
    linted = lint(spoilt(*case.nearly) + case.nearly_added, {**FILES, **case.nearly_files})
    assert case.id not in found(linted.findings)


def test_nothing_is_found_in_a_careful_template(lint: Linted) -> None:
    linted = lint(CAREFUL, FILES)
    assert (linted.mappings, linted.findings, linted.ignored, linted.notes) == (1, [], [], [])


def test_every_rule_has_a_case_and_one_that_is_nearly_so() -> None:
    ids = {rule.id for rule in rules()}
    assert {case.id for case in CASES} == ids
    assert {case.id for case in CASES if case.nearly or case.nearly_files} == ids


def test_every_rule_has_a_source_and_a_name_of_its_own() -> None:
    assert all(rule.source.startswith("https://") for rule in rules())
    assert len({rule.name for rule in rules()}) == len(rules())
    assert [rule.id for rule in rules()] == [f"K{n:03}" for n in range(1, len(rules()) + 1)]
