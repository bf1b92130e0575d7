"""Names and ARNs of a template's resources, as far as they are known before a deployment."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kinesis_cli.project.template.resources import (
    ALIAS,
    CONSUMER,
    FIRST_VERSION,
    KINDS,
    SAM_FUNCTION,
    STREAM_LABEL,
    TABLES,
    VERSION,
)
from kinesis_cli.project.template.values import ACCOUNT_ID, Json, Unresolved, region

if TYPE_CHECKING:
    from kinesis_cli.project.template.view import TemplateView


def own_name(template: "TemplateView", logical_id: str) -> object:
    """The name that the template gives a resource; None: none."""
    resource = template.resource(logical_id) or {}
    kind = KINDS.get(str(resource.get("Type")))
    properties = resource.get("Properties")
    if kind is None or not isinstance(properties, Mapping) or kind.member not in properties:
        return None
    return template.resolve(properties[kind.member])


def is_fifo(template: "TemplateView", logical_id: str) -> bool:
    """Whether a resource is a FIFO queue or topic, whose name ends in `.fifo`."""
    properties = properties_of(template.resource(logical_id) or {})
    raw = properties.get("FifoQueue", properties.get("FifoTopic"))
    return str(template.resolve(raw)).lower() == "true"


def arn_of(template: "TemplateView", logical_id: str) -> str | Unresolved:
    """A plausible ARN of a resource."""
    resource = template.resource(logical_id) or {}
    type_ = str(resource.get("Type"))
    if type_ == CONSUMER:
        return _consumer_arn(template, resource)
    if type_ in (ALIAS, VERSION):
        return _qualified_arn(template, resource)
    if kind := KINDS.get(type_):
        name = template.physical_name(logical_id)
        return "arn:aws:" + kind.arn.format(region(), ACCOUNT_ID, name)
    return Unresolved(f"the ARN of {logical_id} is known only after deployment")


def stream_arn_of(template: "TemplateView", logical_id: str) -> str | Unresolved:
    """A plausible ARN of a table's stream.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html#aws-resource-dynamodb-table-return-values
    """
    resource = template.resource(logical_id) or {}
    if resource.get("Type") not in TABLES:
        return Unresolved(f"{logical_id}.StreamArn is known only after deployment")
    specification = template.resolve(properties_of(resource).get("StreamSpecification"))
    if not isinstance(specification, Mapping) or not specification.get("StreamViewType"):
        return Unresolved(
            f"{logical_id} has no stream, since it has no StreamSpecification with a StreamViewType"
        )
    return f"{arn_of(template, logical_id)}/stream/{STREAM_LABEL}"


def properties_of(resource: Json) -> Json:
    """What is written under a resource's Properties."""
    properties = resource.get("Properties")
    return properties if isinstance(properties, Mapping) else {}


def _consumer_arn(template: "TemplateView", resource: Json) -> str | Unresolved:
    properties = properties_of(resource)
    stream = template.resolve(properties.get("StreamARN"))
    name = template.resolve(properties.get("ConsumerName"))
    if isinstance(stream, str) and isinstance(name, str):
        return f"{stream}/consumer/{name}:1545084650"  # the number is the time of creation
    return Unresolved("the ARN of the stream consumer is known only after deployment")


def _qualified_arn(template: "TemplateView", resource: Json) -> str | Unresolved:
    """The ARN of an alias or a version."""
    properties = properties_of(resource)
    function = template.resolve(properties.get("FunctionName"))
    is_alias = resource.get("Type") == ALIAS
    qualifier = template.resolve(properties.get("Name")) if is_alias else FIRST_VERSION
    if not isinstance(function, str) or not isinstance(qualifier, str):
        return Unresolved("the alias is known only after deployment")
    if not function.startswith("arn:"):
        name = function.rpartition("function:")[2]
        function = f"arn:aws:lambda:{region()}:{ACCOUNT_ID}:function:{name}"
    return f"{function}:{qualifier}"


def published_alias(template: "TemplateView", logical_id: str) -> str | None:
    """The alias that SAM makes of a function, and that its events then call.

    Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/automating-updates-to-serverless-apps.html
    """
    resource = template.resource(logical_id) or {}
    if resource.get("Type") != SAM_FUNCTION:
        return None
    shared = template.section("Globals").get("Function")
    raw = properties_of(resource).get(
        "AutoPublishAlias",
        shared.get("AutoPublishAlias") if isinstance(shared, Mapping) else None,
    )
    alias = template.resolve(raw)
    return alias if isinstance(alias, str) and alias else None


def generated(template: "TemplateView", name: str) -> str | None:
    """What SAM generates beside a function: `Fn.Alias`, `Fn.Version`, `FnAliaslive`."""
    for logical_id in template.resources(SAM_FUNCTION):
        if not name.startswith(logical_id) or not (alias := published_alias(template, logical_id)):
            continue
        rest = name.removeprefix(logical_id)
        if rest in (".Alias", f"Alias{alias}"):
            return f"{arn_of(template, logical_id)}:{alias}"
        if rest == ".Version":
            return f"{arn_of(template, logical_id)}:{FIRST_VERSION}"
    return None


def queue_url(template: "TemplateView", logical_id: str) -> str:
    """A plausible URL of a queue."""
    return f"https://sqs.{region()}.amazonaws.com/{ACCOUNT_ID}/{template.physical_name(logical_id)}"
