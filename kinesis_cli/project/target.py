"""Where a command's records go: one `Target`, decided from the settings, never changed afterwards.

Nothing is asked here, neither AWS nor the local endpoint: what only a deployed stack knows is
added by `kinesis_cli.aws.stacks`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from kinesis_cli.errors import InputError
from kinesis_cli.project.functions.streams import streams_of
from kinesis_cli.project.locate import find_project
from kinesis_cli.project.settings import (
    DEFAULT_REGION,
    LOCAL,
    Level,
    Setting,
    Settings,
    template_settings,
)
from kinesis_cli.project.stream_settings import StreamSettings
from kinesis_cli.project.template.file import reading_template
from kinesis_cli.project.template.template import Template

# Of endpoints in all partitions, botocore's `endpoints.json`
_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn")
_LOCAL_ACCOUNT = ":000000000000:"  # of ARNs that the local endpoint gives


class TargetKind(StrEnum):
    """What answers at the other end."""

    LOCAL = "local"  # the embedded endpoint
    AWS = "aws"  # whatever botocore finds for the profile and region
    ENDPOINT = "endpoint"  # a URL that the user named


@dataclass(frozen=True, slots=True)
class Target:
    """What a command talks to. None: not named; botocore's own rules decide."""

    kind: TargetKind
    reason: str  # what decided, for people: "--stack", "samconfig.toml", "no target is named"
    endpoint_url: str | None
    found_by_botocore: bool  # the endpoint is AWS's variable, which botocore may be told to ignore
    profile: str | None
    region: str | None
    stack: str | None  # to be read for the stream or function that is not named here
    stream: str | None  # name or ARN
    function: str | None

    @property
    def is_local(self) -> bool:
        """Whether the records stay on this machine."""
        host = urlsplit(self.endpoint_url or "").hostname or ""
        loopback = host in ("localhost", "::1") or re.fullmatch(r"127(\.\d+){3}", host) is not None
        return self.kind is TargetKind.LOCAL or loopback

    @property
    def is_aws(self) -> bool:
        """Whether requests go to AWS, by botocore's rules or by an endpoint of AWS's."""
        host = urlsplit(self.endpoint_url or "").hostname or ""
        return self.kind is TargetKind.AWS or host.endswith(_AWS_DOMAINS)

    def place(self, endpoint: str | None, region: str | None) -> str:
        """Where requests go, for people: `AWS in eu-west-1`, `http://127.0.0.1:4567`.

        Args:
            endpoint: of Kinesis; None: not known yet.
            region: in force; None: there is none.
        """
        if self.kind is TargetKind.AWS:
            return f"AWS in {region or 'no region'}"
        return endpoint or "this machine's endpoint, which starts on first use"

    def named_stream(self, *, or_table: bool = False) -> str:
        """The stream, by name or ARN.

        Raises:
            InputError: none is named.
        """
        if self.stream is not None:
            return self.stream
        # `--stream` alone would turn to AWS
        here = " --endpoint-url local" if self.kind is TargetKind.LOCAL else ""
        advice = f"Name it with `--stream NAME{here}`"
        advice += ", or a table's with `--table NAME`." if or_table else "."
        raise InputError("no stream is named", advice=advice)


def resolve_target(
    settings: Settings, directory: Path | None = None, *, with_template: bool = True
) -> Target:
    """What a command with these settings talks to.

    An endpoint URL is where requests go, whatever else is named, as in the AWS CLI. Without one,
    a stream, stack, profile or region that was named for kcli means AWS. `AWS_PROFILE` and
    `AWS_REGION` name no target: they say how AWS is reached, and many shells set them always.
    Without any of these it is the local endpoint.

    Args:
        settings: from `read_settings`.
        directory: where the template is looked for, upwards; default: the working directory.
        with_template: whether a stream that nobody names is the template's.

    Raises:
        InputError: the stream's ARN and the region contradict each other.
    """
    kind, reason = _kind(settings)
    stack, stream = _stack(settings, kind), settings.stream
    if stack is not None and stream is not None and stack.level < stream.level:
        stream = None  # the stack was named closer to the command line
    stream_name = stream.value if stream else None
    if with_template and stream is None and stack is None and kind is not TargetKind.AWS:
        stream_name = next(iter(template_streams(settings, directory)), None)
    endpoint = settings.endpoint_url if kind is TargetKind.ENDPOINT else None
    profile = settings.profile
    return Target(
        kind=kind,
        reason=reason,
        endpoint_url=endpoint.value if endpoint else None,
        found_by_botocore=endpoint is not None and endpoint.level is Level.AWS_VARIABLE,
        # AWS_PROFILE is left to botocore: given by hand, a profile comes before AWS_ACCESS_KEY_ID
        profile=profile.value if profile and profile.level is not Level.AWS_VARIABLE else None,
        region=_region(settings.region, stream_name, kind),
        stack=stack.value if stack else None,
        stream=stream_name,
        function=settings.function.value if settings.function else None,
    )


def _kind(settings: Settings) -> tuple[TargetKind, str]:
    endpoint = settings.endpoint_url
    if endpoint is not None and endpoint.value != LOCAL:
        return TargetKind.ENDPOINT, endpoint.source
    in_aws = _named(settings.stack, settings.profile)
    if endpoint is not None and not any(each.level < endpoint.level for each in in_aws):
        return TargetKind.LOCAL, endpoint.source
    if named := in_aws + _named(settings.stream, settings.region):
        return TargetKind.AWS, min(named, key=lambda each: each.level).source
    return TargetKind.LOCAL, "no target is named"


def is_aws_named_by_flag(settings: Settings) -> bool:
    """Whether the command line itself says that AWS is meant.

    A stream's name does not: the local endpoint may have a stream of that name, too.
    """
    flags = [
        settings.endpoint_url,
        settings.profile,
        settings.region,
        settings.stack,
        settings.config_env,
    ]
    stream = settings.stream
    if stream and stream.value.startswith("arn:") and not is_local_arn(stream.value):
        flags.append(stream)
    return any(each is not None and each.level is Level.FLAG for each in flags)


def is_local_arn(arn: str) -> bool:
    """Whether an ARN is one that the local endpoint gives."""
    return _LOCAL_ACCOUNT in arn


def _named(*settings: Setting | None) -> list[Setting]:
    return [each for each in settings if each and each.level is not Level.AWS_VARIABLE]


def _stack(settings: Settings, kind: TargetKind) -> Setting | None:
    """The stack to read: at an endpoint only one that was named for it, not the one in AWS."""
    stack = settings.stack
    if stack is None or kind is TargetKind.LOCAL:
        return None
    return None if kind is TargetKind.ENDPOINT and stack.level is Level.SAMCONFIG else stack


def _region(region: Setting | None, stream: str | None, kind: TargetKind) -> str | None:
    """The region of the stream's ARN, else the one that is set."""
    of_arn = stream.split(":")[3] if stream and stream.startswith("arn:") else ""
    if of_arn and region and region.value != of_arn and region.level < Level.AWS_VARIABLE:
        raise InputError(
            f"{region.value} is not the region of {stream}",
            place=region.source,
            advice="Leave the region out, or name the stream by its name.",
        )
    return of_arn or (region.value if region else _default_region(kind))


def _default_region(kind: TargetKind) -> str | None:
    return DEFAULT_REGION if kind is TargetKind.LOCAL else None


def template_streams(
    settings: Settings | None = None, directory: Path | None = None
) -> dict[str, StreamSettings]:
    """The streams of the project's template, or of kcli's own, and those that feed its functions.

    Raises:
        InputError: there is a project, and its template is not usable.
    """
    settings = settings or template_settings(directory=directory)
    template = find_project(settings, directory).template
    with reading_template(template):
        return streams_of(Template.read(template))
