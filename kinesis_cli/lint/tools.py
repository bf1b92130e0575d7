"""Tools that make templates: what they call a setting that a finding is about.

A diff of what a tool has made would be gone with its next run. Sources:
https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_lambda_event_sources.KinesisEventSource.html,
https://www.serverless.com/framework/docs/providers/aws/events/streams,
https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/lambda_event_source_mapping
"""

import re
from pathlib import Path

from kinesis_cli.lint.rule import Finding

_MAX_FILES = 500  # of Terraform that are looked into
CDK, SERVERLESS, TERRAFORM = "the AWS CDK", "the Serverless Framework", "Terraform"
DEPLOYED = "the deployment"  # of a stack: what is mended is what was deployed

_CDK = {
    "BatchSize": "batchSize: 100",
    "BisectBatchOnFunctionError": "bisectBatchOnError: true",
    "DestinationConfig": "onFailure: new SqsDlq(queue)",
    "FunctionResponseTypes": "reportBatchItemFailures: true",
    "MaximumRetryAttempts": "retryAttempts: 10",
    "ParallelizationFactor": "parallelizationFactor: 1",
    "StartingPosition": "startingPosition: StartingPosition.TRIM_HORIZON",
}
_SERVERLESS = {
    "BatchSize": "batchSize: 100",
    "BisectBatchOnFunctionError": "bisectBatchOnFunctionError: true",
    "DestinationConfig": "destinations: {onFailure: ARN}",
    "FunctionResponseTypes": "functionResponseType: ReportBatchItemFailures",
    "MaximumRetryAttempts": "maximumRetryAttempts: 10",
    "ParallelizationFactor": "parallelizationFactor: 1",
    "StartingPosition": "startingPosition: TRIM_HORIZON",
}
_TERRAFORM = {
    "BatchSize": "batch_size = 100",
    "BisectBatchOnFunctionError": "bisect_batch_on_function_error = true",
    "DestinationConfig": "destination_config { on_failure { destination_arn = … } }",
    "FunctionResponseTypes": 'function_response_types = ["ReportBatchItemFailures"]',
    "MaximumRetryAttempts": "maximum_retry_attempts = 10",
    "MessageRetentionPeriod": "message_retention_seconds = 1209600",
    "ParallelizationFactor": "parallelization_factor = 1",
    "RedrivePolicy": "redrive_policy = jsonencode({deadLetterTargetArn = …, maxReceiveCount = 5})",
    "ReservedConcurrentExecutions": "reserved_concurrent_executions = …",
    "SqsManagedSseEnabled": "sqs_managed_sse_enabled = true",
    "StartingPosition": 'starting_position = "TRIM_HORIZON"',
    "VisibilityTimeout": "visibility_timeout_seconds = …",
}
# What is no setting of the mapping, by the rule.
_TERRAFORM_RESOURCES = {
    "K017": 'resource "aws_cloudwatch_metric_alarm"',
    "K018": 'resource "aws_cloudwatch_metric_alarm"',
    "K025": 'resource "aws_iam_role_policy"',
}
_NAMES = {CDK: _CDK, SERVERLESS: _SERVERLESS, TERRAFORM: _TERRAFORM}


def tool_that_made(path: Path) -> str:
    """The tool whose output a template is; "": a person wrote it."""
    if (path.parent / "manifest.json").is_file() and path.name.endswith(".template.json"):
        return CDK
    if path.parent.name == ".serverless":
        return SERVERLESS
    return "SAM's build" if ".aws-sam" in path.parts else ""


def setting_of(tool: str, finding: Finding) -> str:
    """How the tool calls what a finding would change, a sentence; "": nothing is known of it."""
    if tool == TERRAFORM and (resource := _TERRAFORM_RESOURCES.get(finding.rule.id)):
        return f"In {tool}: `{resource}`."
    member = next((str(name) for name in reversed(finding.at) if isinstance(name, str)), "")
    written = _NAMES.get(tool, {}).get(member)
    return f"In {tool}: `{written}`." if written else ""


def terraform_place(plan: Path, address: str) -> tuple[Path, int] | None:
    """Where a resource of a plan is written: the file and the line; None: it is not found.

    Args:
        plan: what `terraform show -json` printed; it lies in the root module's folder.
        address: `module.orders.aws_kinesis_stream.this[0]`.
    """
    kind, name = re.sub(r"\[[^\]]*\]", "", address).split(".")[-2:]
    written = re.compile(rf'^\s*resource\s+"{re.escape(kind)}"\s+"{re.escape(name)}"', re.MULTILINE)
    for file in sorted(plan.parent.glob("**/*.tf"), key=lambda path: len(path.parts))[:_MAX_FILES]:
        try:
            text = file.read_text("utf-8", "replace")
        except OSError:
            continue
        if ".terraform" not in file.parts and (match := written.search(text)):
            return file, text.count("\n", 0, match.end()) + 1
    return None
