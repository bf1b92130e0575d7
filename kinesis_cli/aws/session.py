"""Clients for a target. Credentials, profiles, regions and endpoints are botocore's business."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, overload

from kinesis_cli.errors import InputError
from kinesis_cli.project.target import Target, TargetKind
from kinesis_cli.stream.table_arn import is_of_table, table_of

if TYPE_CHECKING:
    from typing import Literal

    from botocore.config import Config
    from botocore.session import Session
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_kinesis import KinesisClient

    from kinesis_cli.aws.errors import Caller

# The local endpoint takes any key; this one is nobody's, and belongs to account 000000000000.
LOCAL_KEY = "local"

# The local endpoint needs neither a profile nor AWS's files, and no mistake in them may harm it.
_NO_CONFIGURATION: Any = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
}

# Seconds until a call of Kinesis without an answer is made again: botocore's 60 would leave a put
# no time for that. The KCL waits so long too, for subscriptions as well:
# https://github.com/awslabs/amazon-kinesis-client/blob/master/CHANGELOG.md (Release 2.0.3)
ANSWER_WITHIN = 30
MAX_STREAM_NAMES = 1000  # that are looked through for one like the user's


class Connection:
    """How a command reaches its target.

    Args:
        target: what was named.
        local_url: where the local endpoint listens; needed for a target of that kind.
        local_certificate: the one that it shows, where it speaks TLS.
        local_limits: whether its shards refuse what is too much.
    """

    def __init__(
        self,
        target: Target,
        local_url: str | None = None,
        local_certificate: Path | None = None,
        *,
        local_limits: bool = False,
    ) -> None:
        assert (local_url is not None) == (target.kind is TargetKind.LOCAL)
        self.target = target
        self._url = local_url or target.endpoint_url
        self._certificate = local_certificate
        # Servers on this machine have no limits, unless it is said; all others may be AWS.
        self.is_limited = local_limits or not target.is_local
        self._clients: dict[str, Any] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Elsewhere it is the same target, with clients of its own."""
        url = self._url if self.target.kind is TargetKind.LOCAL else None
        made = partial(Connection, local_limits=self.is_limited)
        return made, (self.target, url, self._certificate)

    @overload
    def client(self, service: "Literal['kinesis']") -> "KinesisClient": ...
    @overload
    def client(self, service: "Literal['cloudformation']") -> "CloudFormationClient": ...
    @overload
    def client(self, service: str) -> Any: ...  # noqa: ANN401 - botocore makes classes as it runs
    def client(self, service: str) -> Any:
        """The client of a service, made once.

        Raises:
            EndpointError: no region, no such profile, …
            InputError: AWS_ENDPOINT_URL is set, and the profile tells botocore to ignore it.
        """
        if service not in self._clients:
            with self.explained(service):
                self._clients[service] = self._create(service)
        return self._clients[service]

    def with_target(self, target: Target) -> Self:
        """Return the same connection, of a target that more is known of."""
        same = copy(self)
        same.target = target
        return same

    def pinned(self, service: str = "kinesis", *, keeps_profile: bool = True) -> "PinnedConnection":
        """What other processes need to reach the same, and nothing else.

        Args:
            service: whose endpoint must be the same there.
            keeps_profile: the profile is there too; else they have credentials of their own.
        """
        client = self.client(service)
        region, endpoint = str(client.meta.region_name), str(client.meta.endpoint_url)
        target = replace(self.target, region=region, found_by_botocore=False)
        return PinnedConnection(
            target=target if keeps_profile else replace(target, profile=None),
            local_url=self._url if target.kind is TargetKind.LOCAL else None,
            local_certificate=self._certificate,
            local_limits=self.is_limited,
            service=service,
            endpoint=endpoint,
        )

    @property
    def place(self) -> str:
        """Where requests go, for people, see `Target.place`."""
        return self.target.place(self.endpoint_url, self.region)

    def with_stream(self, stream: str) -> Self:
        """Return the same connection, about another stream."""
        return self.with_target(replace(self.target, stream=stream))

    @property
    def stream(self) -> str:
        """The stream that the command is about, by name or ARN.

        Raises:
            InputError: none is named.
        """
        return self.target.named_stream()

    @property
    def stream_place(self) -> str:
        """That stream and where it is, for people; of a table's stream the table."""
        stream = self.stream
        named = f"table {table_of(stream)}" if is_of_table(stream) else stream
        return f"{named} at {self.place}"

    @property
    def endpoint_url(self) -> str:
        """Where Kinesis requests go."""
        return str(self.client("kinesis").meta.endpoint_url)

    @property
    def region(self) -> str:
        """The region in force."""
        return str(self.client("kinesis").meta.region_name)

    @contextmanager
    def explained(self, service: str = "kinesis", stream: str | None = None) -> Iterator[None]:
        """Raises what botocore raises inside as an EndpointError with help.

        Args:
            service: whose client is called.
            stream: the one in question; where it is not found, those like it are named.

        Raises:
            EndpointError: AWS or the endpoint refused, or was not reached.
        """
        from kinesis_cli.aws.errors import explained

        with explained(self._caller(service, stream)):
            yield

    @cached_property
    def _session(self) -> "Session":
        from botocore.session import Session

        from kinesis_cli.aws.answers import check_answers

        if self.target.kind is TargetKind.LOCAL:
            session = Session(_NO_CONFIGURATION)
            session.set_credentials(LOCAL_KEY, LOCAL_KEY)
        else:
            session = Session(profile=self.target.profile)
        check_answers(session.get_component("event_emitter"))
        return session

    def _create(self, service: str) -> Any:  # noqa: ANN401
        left_to_botocore = self.target.found_by_botocore
        client = self._session.create_client(
            service,
            region_name=self.target.region,
            endpoint_url=None if left_to_botocore else self._url,
            verify=str(self._certificate) if self._certificate else None,
            config=self._config(service),
        )
        if left_to_botocore and service == "kinesis" and client.meta.endpoint_url != self._url:
            raise InputError(
                f"names {self._url}, and ignore_configured_endpoint_urls of the profile "
                "makes AWS's tools ignore it",
                place=self.target.reason,
                advice="Name the endpoint with --endpoint-url, or unset the variable.",
            )
        return client

    def _config(self, service: str) -> "Config | None":
        options: dict[str, Any] = {}
        if self.target.kind is TargetKind.LOCAL:
            options["proxies"] = {}  # this machine is not behind its own proxy
        if service == "kinesis":
            # What kcli sends is checked before; looking at each record of a call again takes a
            # third of the time that it takes to put it.
            options["parameter_validation"] = False
            options["read_timeout"] = ANSWER_WITHIN
        if service == "lambda":
            # A call lasts up to 15 minutes; asked for again, the function would run twice.
            options |= {"read_timeout": 910, "retries": {"total_max_attempts": 1}}
            options["tcp_keepalive"] = True  # or a router forgets a connection that is silent
        if not options:
            return None
        from botocore.config import Config

        return Config(**options)

    def _caller(self, service: str, stream: str | None) -> "Caller":
        from kinesis_cli.aws.errors import Caller

        region = self.target.region
        return Caller(
            endpoint=self._url or (f"AWS in {region}" if region else "AWS"),
            profile=self._session.profile,
            service=service,
            stream=stream,
            stream_names=self._stream_names,
        )

    def _stream_names(self) -> Iterator[str]:
        pages = self.client("kinesis").get_paginator("list_streams")
        config = {"MaxItems": MAX_STREAM_NAMES}
        for page in pages.paginate(PaginationConfig=config):  # type: ignore[arg-type]
            yield from page["StreamNames"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedConnection:
    """How another process, perhaps on another machine, reaches what a `Connection` reaches here.

    An endpoint that was named goes along as it was found, whatever variables are set there. AWS's
    own is found there anew, with the credentials of there, and has to be the same.
    """

    target: Target
    local_url: str | None
    local_certificate: Path | None
    local_limits: bool
    service: str
    endpoint: str

    def open(self) -> Connection:
        """Connect.

        Raises:
            InputError: requests would go somewhere else.
            EndpointError: no client can be made.
        """
        connection = Connection(
            self.target, self.local_url, self.local_certificate, local_limits=self.local_limits
        )
        found = str(connection.client(self.service).meta.endpoint_url)
        if found != self.endpoint:
            from platform import node  # start-up counts

            raise InputError(
                f"requests would go to {found} from here, and {self.endpoint} is meant",
                place=f"{node()}, process {os.getpid()}",
                advice="Look at AWS_ENDPOINT_URL and AWS's configuration there.",
            )
        return connection
