"""The table whose stream is read. Pure."""

from collections.abc import Iterator

from kinesis_cli.lint.checks import checks
from kinesis_cli.lint.facts import MappingFacts
from kinesis_cli.lint.rule import Change, Finding, Rule, Severity

STREAM_OFF = Rule(
    "K028",
    "table-without-stream",
    Severity.ERROR,
    "The table has no stream that could be read",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-dynamodb-table-streamspecification.html",
)


@checks(STREAM_OFF)
def stream_off(mapping: MappingFacts) -> Iterator[Finding]:
    """The table is the template's, and nothing turns its stream on."""
    table = mapping.table
    if table is None or table.view is not None:
        return
    turned_on = {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    yield Finding(
        STREAM_OFF,
        f"The table {table.name} has no StreamSpecification, so there is no stream to read.",
        "The deployment fails: the table has no StreamArn, and the stack is rolled back.",
        "Set StreamSpecification with a StreamViewType; an AWS::Serverless::SimpleTable has none.",
        table.place or mapping.at("EventSourceArn"),
        changes=(Change(table.place, "StreamSpecification", turned_on),) if table.place else (),
    )
