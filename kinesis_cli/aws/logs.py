"""Following a log group: nothing lost, nothing twice, late lines too.

CloudWatch Logs is eventually consistent and filters by the events' own timestamps. So each pass
looks back over what was seen already, and what was seen is known by its id.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from kinesis_cli.aws.retries import GIVE_UP_AFTER, Trouble, passes
from kinesis_cli.aws.session import Connection
from kinesis_cli.errors import EndpointError, aws_code
from kinesis_cli.function_log.entries import LogEvent
from kinesis_cli.project.target import TargetKind

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

PAUSE = 1.5  # seconds between two passes; AWS allows few of these calls per second
LOCAL_PAUSE = 0.25  # where nobody else asks
# How far each pass looks back, seconds. Most lines are there within seconds of their timestamp;
# the seldom look finds those that took minutes.
LOOK_BACK = 60.0
LONG_LOOK_BACK, LONG_LOOK_EACH = 900.0, 30.0
SETTLE = 5.0  # seconds after `until`, for what is still on its way

_MISSING = "ResourceNotFoundException"


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What to read of a log group.

    Args:
        log_group: its name.
        since: epoch seconds; None: from the beginning.
        until: epoch seconds; what was written then or later is not read.
        follow: wait for more.
        pattern: CloudWatch's filter pattern, passed on as it is.
        log_stream: the name of one, or its beginning and `*`; None: all.
    """

    log_group: str
    since: float | None
    until: float | None = None
    follow: bool = True
    pattern: str = ""
    log_stream: str | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """What each call is made with."""
        parameters: dict[str, Any] = {"logGroupName": self.log_group}
        if self.pattern:
            parameters["filterPattern"] = self.pattern
        if self.until is not None:
            parameters["endTime"] = int(self.until * 1000) - 1  # AWS includes it
        if self.log_stream and self.log_stream.endswith("*"):
            parameters["logStreamNamePrefix"] = self.log_stream[:-1]
        elif self.log_stream:
            parameters["logStreamNames"] = [self.log_stream]
        return parameters


class LogFollower:
    """Reads a log group.

    Args:
        connection: to what.
        query: what to read.
        warn: told in one sentence of what keeps it waiting.
        tells_missing: whether that it waits for the log group is worth a sentence.
    """

    def __init__(
        self,
        connection: Connection,
        query: LogQuery,
        warn: Callable[[str], None],
        *,
        tells_missing: bool = True,
    ) -> None:
        self._connection, self._query, self._warn = connection, query, warn
        self._client: CloudWatchLogsClient = connection.client("logs")
        self._pause = LOCAL_PAUSE if connection.target.is_local else PAUSE
        self._random = Random()
        self._least = int((query.since or 0.0) * 1000)
        self._high_water = self._least  # epoch ms; all until here was read, but for late ones
        self._seen: dict[tuple[str, int], int] = {}  # event → its timestamp
        self._long_look_at = 0.0
        self._told_missing, self._answered = not tells_missing, False

    def portions(self) -> Iterator[list[LogEvent]]:
        """New events as they are found, each portion in order of time; maybe an empty one.

        Raises:
            EndpointError: it refused, did not answer for `GIVE_UP_AFTER` seconds, or does not know
                the log group, where it is not followed.
        """
        with self._connection.explained("logs"):
            while True:
                began = time.time()
                yield from self._pass(began)
                if self._is_over(began):
                    return
                time.sleep(self._pause)

    def look(self) -> list[LogEvent]:
        """What is new, asked for once; in no order.

        Raises:
            EndpointError: see `portions`.
        """
        with self._connection.explained("logs"):
            return [event for portion in self._pass(time.time()) for event in portion]

    def _is_over(self, began: float) -> bool:
        if not self._query.follow:
            return True
        until = self._query.until
        settle = 0.0 if self._connection.target.is_local else SETTLE
        return until is not None and began >= until + settle

    def _pass(self, began: float) -> Iterator[list[LogEvent]]:
        """Everything from a while before the high-water mark on, as far as it is new."""
        start, newest = self._start(), 0
        token: str | None = None
        while True:
            page = self._page(start, token)
            if page is None:
                return
            events = sorted(self._new(page), key=lambda event: event.timestamp)
            newest = max([newest, *(event.timestamp for event in events)])
            yield events
            token = page.get("nextToken")
            if not token:  # an empty page with a token is not the end
                break
        # What is dated into the future (AWS takes two hours) must not move the mark there; nor must
        # this machine's clock, where it is fast.
        self._high_water = max(self._high_water, min(newest, int(began * 1000)))
        self._forget()

    def _start(self) -> int:
        """Where a pass begins. It stays the same for all its pages."""
        back, now = LOOK_BACK, time.monotonic()
        if now >= self._long_look_at:
            back, self._long_look_at = LONG_LOOK_BACK, now + LONG_LOOK_EACH
        return max(self._least, self._high_water - int(back * 1000))

    def _new(self, page: Any) -> Iterator[LogEvent]:  # noqa: ANN401 - botocore's types know only dicts
        prefix = self._query.parameters.get("logStreamNamePrefix", "")
        for each in page["events"]:
            if not each["logStreamName"].startswith(prefix):
                continue  # moto knows no prefix
            key = each["eventId"], each["timestamp"]
            if key not in self._seen:
                self._seen[key] = each["timestamp"]
                yield LogEvent(
                    each["timestamp"],
                    each["ingestionTime"],
                    self._query.log_group,
                    each["logStreamName"],
                    each["eventId"],
                    each["message"],
                )

    def _forget(self) -> None:
        """Ids of events that no pass will see again."""
        oldest = self._high_water - int(LONG_LOOK_BACK * 1000)
        gone = [key for key, timestamp in self._seen.items() if timestamp < oldest]
        for key in gone:
            del self._seen[key]

    def _page(self, start: int, token: str | None) -> Any:  # noqa: ANN401
        """A page of a pass; None: there is none, the pass is made anew later."""
        parameters = {**self._query.parameters, "startTime": start}
        if token:
            parameters["nextToken"] = token
        trouble = Trouble()
        while True:
            try:
                page = self._client.filter_log_events(**parameters)
                self._answered = True
                return page
            except Exception as error:
                code = aws_code(error)
                if code == _MISSING and self._query.follow:
                    return self._missing()
                if code == _MISSING:
                    raise self._no_group() from error
                if code == "InvalidParameterException" and token:
                    return None  # the token has expired; ids tell what was seen
                lasts = trouble.add(time.monotonic())
                # where nobody has ever answered, the address is wrong
                if not (self._answered and passes(error)) or lasts > GIVE_UP_AFTER:
                    raise
                if trouble.is_worth_telling(lasts):
                    self._warn(f"the log could not be read for {lasts:.0f} s: {error}")
                time.sleep(trouble.pause(self._random, base=0.2))

    def _missing(self) -> None:
        if not self._told_missing:
            self._told_missing = True
            error = self._no_group()
            self._warn(f"{error}, waiting for it. {error.advice}")

    def _no_group(self) -> EndpointError:
        name = self._query.log_group
        near = nearest_log_groups(self._connection, name)
        others = f"There is {', '.join(near)}; name it with --log-group. " if near else ""
        return EndpointError(
            f"there is no log group {name} yet",
            advice=f"{others}A function's log group appears with its first call: "
            "`kcli put`, or `kcli invoke --remote`.",
        )

    def live(self) -> Iterator[list[LogEvent]]:
        """Events as CloudWatch pushes them, at most 500 a second, in sessions of three hours.

        Raises:
            EndpointError: it refused, ended the session, or does not know the log group.
        """
        _keep_host(self._client, self._connection)
        query = self._query.parameters
        parameters: dict[str, Any] = {"logGroupIdentifiers": [self._arn()]}
        if self._query.pattern:
            parameters["logEventFilterPattern"] = self._query.pattern
        if "logStreamNames" in query:
            parameters["logStreamNames"] = query["logStreamNames"]
        if "logStreamNamePrefix" in query:
            parameters["logStreamNamePrefixes"] = [query["logStreamNamePrefix"]]
        with self._connection.explained("logs"):
            while (yield from self._lasting(self._session(parameters))):
                self._warn("CloudWatch renewed the live tail; lines between may be missing")
        raise EndpointError(
            "the live tail was ended from the other side",
            advice="Without --live the log is asked for, which needs no session.",
        )

    def _lasting(self, session: Iterator[list[LogEvent]]) -> Generator[list[LogEvent], None, bool]:
        """A session's events, and whether it ended because it had lasted three hours."""
        try:
            yield from session
        except Exception as error:
            if _is_nonsense(error):
                raise EndpointError(f"the live tail is not readable: {error}") from error
            if aws_code(error) != "SessionTimeoutException":
                raise
            return True
        return False

    def _session(self, parameters: dict[str, Any]) -> Iterator[list[LogEvent]]:
        told_sampled = False
        for message in self._client.start_live_tail(**parameters)["responseStream"]:
            update = message.get("sessionUpdate", {})
            if update.get("sessionMetadata", {}).get("sampled") and not told_sampled:
                told_sampled = True
                self._warn("more than 500 lines a second: CloudWatch leaves some out")
            yield [
                LogEvent(
                    each["timestamp"],
                    each["ingestionTime"],
                    self._query.log_group,
                    each["logStreamName"],
                    None,
                    each["message"],
                )
                for each in update.get("sessionResults", ())
            ]

    def _arn(self) -> str:
        with self._connection.explained("logs"):
            pages = self._client.get_paginator("describe_log_groups")
            for page in pages.paginate(logGroupNamePrefix=self._query.log_group):
                for group in page["logGroups"]:
                    if group["logGroupName"] == self._query.log_group:
                        return group["arn"].removesuffix(":*")
        raise self._no_group()


def nearest_log_groups(connection: Connection, name: str) -> list[str]:
    """Up to three log groups with names like this one."""
    import difflib

    from kinesis_cli.errors import KcliError

    client: CloudWatchLogsClient = connection.client("logs")
    beginning: Any = {"logGroupNamePrefix": name[: name.rfind("/") + 1]} if "/" in name else {}
    try:
        with connection.explained("logs"):
            found = client.describe_log_groups(limit=50, **beginning)["logGroups"]
    except KcliError:
        return []  # the list is help; that it cannot be had is not what went wrong
    others = {group["logGroupName"] for group in found} - {name}  # it may have appeared meanwhile
    return difflib.get_close_matches(name, others, n=3)


def _keep_host(client: Any, connection: Connection) -> None:  # noqa: ANN401
    """A live tail has a host of its own at AWS, and nowhere else."""
    if connection.target.kind is not TargetKind.AWS:
        client.meta.config.inject_host_prefix = False


def _is_nonsense(error: Exception) -> bool:
    from botocore import eventstream, parsers

    return isinstance(error, parsers.ResponseParserError | eventstream.ParserError)
