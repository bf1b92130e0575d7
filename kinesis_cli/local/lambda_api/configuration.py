"""A function's configuration: from a request, and as GetFunctionConfiguration shows it.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
"""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from kinesis_cli.local.function.code import fingerprint
from kinesis_cli.local.function.hosted import LATEST, Configuration
from kinesis_cli.local.function.project import ProjectFunction
from kinesis_cli.local.function.registry import Registry
from kinesis_cli.local.lambda_api.context import Context, shown_time
from kinesis_cli.local.lambda_api.errors import LambdaError, invalid_parameter
from kinesis_cli.project.function import Function

Parameters = dict[str, Any]

MAX_ENVIRONMENT_BYTES = 4096
MAX_LAYERS = 5
# As AWS names them, 2025-11-25.
RUNTIMES = (
    *("nodejs20.x", "python3.14", "provided.al2023", "python3.12", "python3.13", "nodejs24.x"),
    *("nodejs22.x", "java25", "python3.10", "python3.11", "java21", "ruby3.3", "ruby3.4"),
    *("ruby3.2", "python3.8", "python3.9", "java17", "nodejs16.x", "dotnet10", "dotnet8"),
    *("java11", "dotnet6", "nodejs18.x", "provided.al2", "java8.al2"),
)
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html#runtimes-deprecated
_NO_LONGER = (
    *("dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "go1.x", "java8"),
    *("nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x"),
    *("nodejs12.x", "nodejs14.x", "provided", "python2.7", "python3.6", "python3.7"),
    *("ruby2.5", "ruby2.7"),
)
# Kept as they are given.
_PLAIN = (
    *("Description", "Handler", "MemorySize", "Role", "Runtime", "Timeout", "DeadLetterConfig"),
    *("EphemeralStorage", "FileSystemConfigs", "KMSKeyArn", "TracingConfig"),
)
_STATE = ("State", "StateReason", "StateReasonCode")
_LAST_UPDATE = ("LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode")
NOT_IN_LISTS = (*_STATE, *_LAST_UPDATE)


def new_configuration(name: str, parameters: Parameters) -> Configuration:
    """The configuration that CreateFunction makes, AWS's defaults included.

    Raises:
        LambdaError: it is none that Lambda takes.
    """
    base: Configuration = {
        "FunctionName": name,
        "Architectures": ["x86_64"],
        "Description": "",
        "EphemeralStorage": {"Size": 512},
        "MemorySize": 128,
        "PackageType": "Zip",
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "Timeout": 3,
        "TracingConfig": {"Mode": "PassThrough"},
        "Version": LATEST,
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
    }
    if not parameters.get("Runtime") or not parameters.get("Handler"):
        raise invalid_parameter(
            "Runtime and Handler are mandatory parameters for functions created with deployment"
            " packages."
        )
    if architectures := parameters.get("Architectures"):
        base["Architectures"] = architectures
    return changed_configuration(base, parameters)


def changed_configuration(before: Configuration, parameters: Parameters) -> Configuration:
    """A configuration with what a request changes.

    Raises:
        LambdaError: it is none that Lambda takes.
    """
    _check(parameters)
    now = {**before, **{each: parameters[each] for each in _PLAIN if each in parameters}}
    if "Environment" in parameters:
        now["Environment"] = {"Variables": parameters["Environment"].get("Variables") or {}}
    if "Layers" in parameters:
        # UNSURE(layer-content): they are named, and what is in them is not on the path
        now["Layers"] = [{"Arn": each, "CodeSize": 0} for each in parameters["Layers"]]
    if vpc := parameters.get("VpcConfig"):
        now["VpcConfig"] = {
            "SubnetIds": vpc.get("SubnetIds", []),
            "SecurityGroupIds": vpc.get("SecurityGroupIds", []),
            "VpcId": "vpc-00000000" if vpc.get("SubnetIds") else "",
            "Ipv6AllowedForDualStack": vpc.get("Ipv6AllowedForDualStack", False),
        }
    if snap_start := parameters.get("SnapStart"):
        now["SnapStart"] = {"ApplyOn": snap_start["ApplyOn"], "OptimizationStatus": "Off"}
    if logging := parameters.get("LoggingConfig"):
        now["LoggingConfig"] = _logging(before["LoggingConfig"], logging)
    for empty in ("DeadLetterConfig", "Layers", "FileSystemConfigs"):
        if not now.get(empty) or now[empty] == {"TargetArn": ""}:
            now.pop(empty, None)
    now["LastModified"] = shown_time()
    return now


def _logging(before: Configuration, change: Configuration) -> Configuration:
    """Levels are there with JSON only, INFO by default."""
    now = {**before, **change}
    if now["LogFormat"] == "JSON":
        return {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", **now}
    return {each: now[each] for each in ("LogFormat", "LogGroup")}


def _check(parameters: Parameters) -> None:
    runtime = parameters.get("Runtime")
    if runtime in _NO_LONGER:
        raise invalid_parameter(
            f"The runtime parameter of {runtime} is no longer supported for creating or updating"
            " AWS Lambda functions. We recommend you use a supported runtime while creating or"
            " updating functions."
        )
    if runtime is not None and runtime not in RUNTIMES:
        raise invalid_parameter(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum"
            f" value set: [{', '.join(RUNTIMES)}] or be a valid ARN"
        )
    if len(parameters.get("Layers", [])) > MAX_LAYERS:
        raise invalid_parameter(f"Cannot reference more than {MAX_LAYERS} layers.")
    variables = (parameters.get("Environment") or {}).get("Variables") or {}
    measured = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode("utf-8", "surrogatepass")) > MAX_ENVIRONMENT_BYTES:
        raise LambdaError(
            400,
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment"
            f" variables you have provided exceeded the 4KB limit. String measured: {measured}",
        )


# As it is shown


def shown(context: Context, name: str, version: str, qualifier: str = "") -> Configuration:
    """A function or one of its versions, as GetFunctionConfiguration shows it.

    Args:
        context: the request's.
        name: of the function.
        version: "$LATEST" or a number.
        qualifier: that was asked for, which the ARN then has.
    """
    registry = context.registry
    project, stored = registry.project_function(name), registry.configuration(name, version)
    if project and (version == LATEST or stored is None):
        stored = {**of_template(registry, project), "Version": version}
    assert stored is not None
    arn = registry.arn(name)
    document = {each: value for each, value in stored.items() if each != "CodeKey"}
    document["FunctionArn"] = f"{arn}:{qualifier}" if qualifier else arn
    document["RevisionId"] = context.revision(name, version)
    problem = _problem(registry, name, version)
    document["State"] = "Failed" if problem else "Active"
    if problem:
        document |= {"StateReason": problem, "StateReasonCode": "InternalError"}
    document["LastUpdateStatus"] = "Successful"
    return document


def _problem(registry: Registry, name: str, version: str) -> str:
    if version == LATEST:
        return registry.problem(name)
    function = registry.function(name, version)
    return function.problem if function else ""


def being_created(document: Configuration) -> Configuration:
    """The answer of the call that made it: AWS is still at it."""
    shown = {each: value for each, value in document.items() if each not in _LAST_UPDATE}
    if shown["State"] == "Failed":
        return shown
    return {
        **shown,
        "State": "Pending",
        "StateReason": "The function is being created.",
        "StateReasonCode": "Creating",
    }


def being_updated(document: Configuration) -> Configuration:
    """The answer of the call that changed it: AWS is still at it."""
    return {
        **document,
        "LastUpdateStatus": "InProgress",
        "LastUpdateStatusReason": "The function is being created.",
        "LastUpdateStatusReasonCode": "Creating",
    }


def in_a_list(document: Configuration) -> Configuration:
    """As it stands in a list, where AWS shows no state."""
    return {each: value for each, value in document.items() if each not in NOT_IN_LISTS}


def of_template(registry: Registry, project: ProjectFunction) -> Configuration:
    """A function of the template: what that says, nothing made up."""
    function = project.function
    if function is None:
        return {"FunctionName": project.name, "Version": LATEST, **project.described}
    stamp = datetime.fromtimestamp(function.code_uri.stat().st_mtime, UTC)
    digest = base64.b64encode(bytes.fromhex(fingerprint(function.code_uri))).decode()
    return {
        "FunctionName": function.name,
        **({"Runtime": function.runtime} if function.runtime else {}),
        "Handler": function.handler,
        "CodeSha256": digest,
        "CodeSize": 0,
        "LastModified": f"{stamp:%Y-%m-%dT%H:%M:%S}.000+0000",
        "Timeout": int(function.timeout),
        "MemorySize": function.memory_size,
        "Version": LATEST,
        "Environment": {"Variables": dict(function.environment)},
        "PackageType": "Zip",
        "LoggingConfig": _logging_of(registry, function),
        **project.described,
    }


def _logging_of(registry: Registry, function: Function) -> Configuration:
    local = registry.function(function.name)
    log_format = function.environment.get("AWS_LAMBDA_LOG_FORMAT", "Text")
    return {"LogFormat": log_format, "LogGroup": local.log_group if local else ""}
