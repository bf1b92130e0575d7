"""The CDK app: a stream, a function, and the mapping between them."""

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_lambda_event_sources as event_sources

app = App()
stack = Stack(app, "Alerts")
stream = kinesis.Stream(stack, "Measurements", shard_count=1)
function = functions.Function(
    stack,
    "AlertFunction",
    runtime=functions.Runtime.PYTHON_3_13,
    handler="app.lambda_handler",
    code=functions.Code.from_asset("src"),
    timeout=Duration.seconds(20),
)
function.add_event_source(
    event_sources.KinesisEventSource(
        stream,
        starting_position=functions.StartingPosition.TRIM_HORIZON,
        batch_size=50,
        retry_attempts=1,
        bisect_batch_on_error=True,
        filters=[
            functions.FilterCriteria.filter(
                {"data": {"level": functions.FilterRule.is_equal("alarm")}}
            )
        ],
    )
)
app.synth()
