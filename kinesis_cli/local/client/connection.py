"""From settings to something that answers: AWS, a named endpoint, or the one on this machine.

Here, and not in `aws`, since the local endpoint is started where the target is local.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from kinesis_cli.aws.session import Connection
from kinesis_cli.aws.stacks import complete
from kinesis_cli.errors import InputError, KcliError
from kinesis_cli.local.client.process import Running, ensure_running
from kinesis_cli.local.state import Server, running_server, state_directory
from kinesis_cli.project.find import function_of_project
from kinesis_cli.project.locate import find_project
from kinesis_cli.project.settings import LOCAL, Level, Setting, Settings
from kinesis_cli.project.target import (
    Target,
    TargetKind,
    is_aws_named_by_flag,
    resolve_target,
)
from kinesis_cli.project.tools import NoTemplateError

AWS = "aws"  # of S3: what AWS's own tools would reach


@dataclass(frozen=True, slots=True)
class Connected:
    """A target that can be talked to."""

    connection: Connection
    settings: Settings  # with what the stack says
    local: Running | None  # the server behind a local target


def connect(settings: Settings, directory: Path | None = None) -> Connected:
    """The target of these settings, ready to be called. Starts the local endpoint where it is that.

    Never another target than the one that was named, whatever fails; and AWS, while the project's
    local stream runs, only where this very command names it.

    Raises:
        InputError, EndpointError: the target is not usable.
    """
    settings = _by_its_name(settings, directory)
    target = resolve_target(settings, directory)
    if target.kind is TargetKind.LOCAL:
        running = ensure_running(directory=directory, settings=settings)
        server = running.server
        target = _at(server, target, settings)
        connection = Connection(
            target, server.endpoint, server.certificate, local_limits=server.limits
        )
        return Connected(connection, settings, running)
    _refuse_aws_beside_local(target, settings, directory)
    connection = Connection(target)
    return Connected(*complete(connection, settings), None)


def connect_to_stack(settings: Settings, directory: Path | None = None) -> Connection:
    """What answers about the stack of these settings; a stream in it is not asked for.

    Raises:
        InputError, EndpointError: the target is not usable.
    """
    settings = _by_its_name(settings, directory)
    target = resolve_target(settings, directory)
    if target.kind is TargetKind.LOCAL:
        return connect(settings, directory).connection
    _refuse_aws_beside_local(target, settings, directory)
    return Connection(target)


def connect_to_s3(
    settings: Settings, where: str | None = None, directory: Path | None = None
) -> Connection:
    """What answers for s3://, by the same rules as for a stream, and AWS where nothing is named.

    Args:
        settings: those of the command. A variable with the endpoint of Kinesis says nothing of S3.
        where: "aws", "local", or a URL, if that was said of S3 alone.
        directory: where the project is looked for, upwards.

    Raises:
        InputError, EndpointError: it is not usable; or AWS is meant, the project's local stream
            runs, and nothing on the command line names AWS.
    """
    if where is not None and where != AWS:
        named = Setting(where, "--s3", Level.FLAG)
        settings = msgspec.structs.replace(settings, endpoint_url=named, stack=None, profile=None)
    endpoint = settings.endpoint_url
    if where != AWS and endpoint is not None and endpoint.level is not Level.AWS_VARIABLE:
        return connect_to_stack(settings, directory)
    bare = msgspec.structs.replace(settings, endpoint_url=None, stream=None, stack=None)
    target = replace(
        resolve_target(bare, directory, with_template=False), kind=TargetKind.AWS, reason="s3://"
    )
    connection = Connection(target)
    if where == AWS:
        return connection
    found = str(connection.client("s3").meta.endpoint_url)  # as AWS's variables and files say
    server = running_server(state_directory(directory=directory))
    if server is not None and found.rstrip("/") == server.endpoint:
        return connect_to_s3(settings, LOCAL, directory)
    if replace(target, kind=TargetKind.ENDPOINT, endpoint_url=found).is_aws:
        _refuse_aws_beside_local(target, settings, directory, "--s3 local, or --s3 aws")
    return connection


@dataclass(frozen=True, slots=True)
class Description:
    """What a command would talk to, as far as it is known without starting anything."""

    settings: Settings
    target: Target
    endpoint: str | None  # None: the local endpoint does not run yet, or AWS's is not known
    problem: KcliError | None  # why a command would fail already now


def describe(settings: Settings, directory: Path | None = None) -> Description:
    """What `connect` would come to.

    Raises:
        InputError: the settings contradict each other.
    """
    problem: KcliError | None = None
    settings = _by_its_name(settings, directory)
    try:
        target = resolve_target(settings, directory)
    except NoTemplateError as error:  # what is set can be told nevertheless
        problem, target = error, resolve_target(settings, directory, with_template=False)
    if target.kind is TargetKind.LOCAL:
        server = running_server(state_directory(directory=directory))
        endpoint = None
        if server:
            endpoint, target = server.endpoint, _at(server, target, settings)
        if settings.function is None and (function := _template_function(settings, directory)):
            settings = msgspec.structs.replace(settings, function=function)
            target = replace(target, function=function.value)
        settings = _effective(settings, target, "default", directory)
        return Description(settings, target, endpoint, problem)
    connection = Connection(target)
    try:
        _refuse_aws_beside_local(target, settings, directory)
        connection = connection.with_target(replace(target, region=connection.region))
        connection, settings = complete(connection, settings)
    except KcliError as error:
        problem = error
    target = connection.target
    endpoint = target.endpoint_url if problem else connection.endpoint_url
    settings = _effective(settings, target, "AWS's configuration", directory)
    return Description(settings, target, endpoint, problem)


def _by_its_name(settings: Settings, directory: Path | None) -> Settings:
    """These settings, which say `local` where they name the URL of the project's own endpoint.

    `eval "$(kcli local env)"` sets that URL: it is the endpoint that knows the template's stream
    and functions, and never AWS, whatever else is named.
    """
    url, stack = settings.endpoint_url, settings.stack
    if url is None or (stack is not None and stack.level is not Level.SAMCONFIG):
        return settings
    server = running_server(state_directory(directory=directory)) if "://" in url.value else None
    if server is None or server.endpoint != url.value.rstrip("/"):
        return settings
    ours = Setting(LOCAL, url.source, Level.FLAG)
    return msgspec.structs.replace(settings, endpoint_url=ours)


def _refuse_aws_beside_local(
    target: Target,
    settings: Settings,
    directory: Path | None,
    choice: str = "--endpoint-url local, or for AWS --profile, --region or --stack",
) -> None:
    """Stop where somebody who works with the local stream may not mean AWS.

    Raises:
        InputError: the local stream runs, and no flag names AWS.
    """
    if not target.is_aws or is_aws_named_by_flag(settings):
        return
    if server := running_server(state_directory(directory=directory)):
        raise InputError(
            f"this means AWS, and the project's local stream runs on {server.endpoint}",
            place=target.reason,
            advice=f"Say which: {choice}.",
        )


def _at(server: Server, target: Target, settings: Settings) -> Target:
    """The target in the region where the server made its streams, unless kcli was told another."""
    region = settings.region
    if region and region.level is not Level.AWS_VARIABLE:
        return target
    return replace(target, region=server.region)


def _template_function(settings: Settings, directory: Path | None) -> Setting | None:
    """What is called on this machine where no function is named."""
    try:
        name = function_of_project(settings, directory).name
    except InputError:  # the template has none, or several: one is to be named
        return None
    return Setting(name, _name_of_template(settings, directory), Level.DEFAULT)


def _name_of_template(settings: Settings, directory: Path | None) -> str:
    is_sample = find_project(settings, directory).is_bundled
    return "kcli's own sample" if is_sample else "the template"


def _effective(
    settings: Settings, target: Target, region_source: str, directory: Path | None
) -> Settings:
    """The settings with what the target adds: a default region, the template's stream."""
    region, stream = settings.region, settings.stream
    if target.region and (region is None or region.value != target.region):
        of_arn = target.stream and target.region in target.stream.split(":")
        source = "the stream's ARN" if of_arn else region_source
        region = Setting(target.region, source, Level.DEFAULT)
    if target.stream and stream is None:
        stream = Setting(target.stream, _name_of_template(settings, directory), Level.DEFAULT)
    return msgspec.structs.replace(settings, region=region, stream=stream)
