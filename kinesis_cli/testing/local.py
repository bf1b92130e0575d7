"""The fixture `kinesis_local`: a real endpoint of the session's own, a stream for each test."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, Unpack

from kinesis_cli.local.client.mapped_stream import (
    MappedStream,
    client_options,
    delete_stream,
    make_stream,
)
from kinesis_cli.local.client.process import ask, tied_server
from kinesis_cli.local.client.waiting import wait_until_idle
from kinesis_cli.local.environment import client_variables
from kinesis_cli.local.options import LocalOptions
from kinesis_cli.local.state import Server
from kinesis_cli.project.files import bundled_template
from kinesis_cli.project.settings import read_settings
from kinesis_cli.testing import current
from kinesis_cli.testing.mapping_settings import MappingSettings
from kinesis_cli.testing.meant import MappingGiven, described_function, meant_mapping
from kinesis_cli.testing.refusals import told_at_the_call

_ENDINGS = ("succeeded", "discarded", "filtered", "expired")
_LONGEST = 100  # characters of a test's name in a stream's, which has 128


@dataclass(frozen=True, slots=True)
class LocalStream:
    """A stream of a test on the local endpoint."""

    name: str
    arn: str
    shards: int


@dataclass(frozen=True, slots=True, repr=False)
class LocalRun:
    """What came of the records since the test began, or since `wait_idle` told last."""

    succeeded: int
    discarded: int
    filtered: int
    expired: int
    calls: int
    failures: tuple[str, ...]  # a sentence for each call that failed, and each discard

    def assert_all_handled(self) -> None:
        """Fail if a record was discarded or has expired.

        Raises:
            AssertionError: says what failed.
        """
        __tracebackhide__ = True
        if self.discarded or self.expired:
            raise AssertionError("\n".join([repr(self), *self.failures]))

    def __repr__(self) -> str:
        told = ", ".join(f"{getattr(self, each):,} {each}" for each in _ENDINGS)
        last = f"; last: {self.failures[-1]}" if self.failures else ""
        return f"<LocalRun: {told}, in {self.calls:,} call{'' if self.calls == 1 else 's'}{last}>"


class KinesisLocal:
    """The endpoint of a test session: Kinesis, Lambda and the services beside them.

    Attributes:
        client: what makes a client of boto3 talk to it, `boto3.client("kinesis", **client)`.
        environment: the variables that make any AWS SDK talk to it, for other processes.
        endpoint_url: where it listens.
    """

    def __init__(self, server: Server, root: Path, template: Path | None) -> None:
        self._server, self._root, self._template = server, root, template
        self.endpoint_url = server.endpoint
        self.client = client_options(server)
        self.environment = client_variables(server)
        self._numbers = count(1)
        self._streams: list[MappedStream] = []
        self._told: Counter[str] = Counter()
        self._said = 0  # the last sentence that was told

    @told_at_the_call
    def stream(
        self,
        *,
        shards: int = 1,
        name: str | None = None,
        function: str | None = None,
        mapping: MappingGiven = None,
        **settings: Unpack[MappingSettings],
    ) -> LocalStream:
        """Return a stream of this test that the template's function is fed by.

        Stream and mapping are deleted when the test has ended.

        Args:
            shards: how many.
            name: default: the test's, with a number.
            function: the logical id, where the template has several.
            mapping: replaces the template's.
            settings: single settings of the mapping under AWS's names, `BatchSize=10`.

        Raises:
            InputError: the template or a setting is not usable.
            botocore.exceptions.ClientError: the endpoint refused.
        """
        __tracebackhide__ = True
        told: dict[str, Any] = current.running.settings() if current.running else {}
        named = function or told.pop("function", None)
        given = mapping if mapping is not None else told.pop("mapping", None)
        for keyword in ("template", "seed", "wall_clock", "mapping"):
            told.pop(keyword, None)
        described = described_function(
            None, template=self._template, named=named, directory=self._root
        )
        choice = meant_mapping(described, given, {**told, **settings}, self._root)
        made = make_stream(
            self._server,
            name or self._name(),
            shards,
            described.name if described else None,
            _as_request(choice.mapping.to_aws()),
        )
        self._streams.append(made)
        if current.running is not None and self._leave not in current.running.leaving:
            current.running.leaving.append(self._leave)
        return LocalStream(made.name, made.arn, shards)

    @told_at_the_call
    def wait_idle(self, timeout: float = 30.0) -> LocalRun:
        """Wait until all that was put has been handled or given up; return what came of it.

        Args:
            timeout: seconds to wait at most.

        Raises:
            TimeoutError: something is still waiting, or being handled.
            InputError: a function that a stream feeds cannot run.
        """
        __tracebackhide__ = True
        idle = wait_until_idle(self._server, timeout)
        run = self._run()
        if not idle:
            raise TimeoutError(f"records still wait or are handled after {timeout:g} s: {run!r}")
        return run

    def _run(self) -> LocalRun:
        """What came of the records since the last time."""
        answer: Any = ask(self._server, "activity")
        totals = Counter[str]()
        for shard in answer["shards"]:
            totals.update({name: shard[name] for name in (*_ENDINGS, "batches")})
        said = [each for each in answer["said"] if each["number"] > self._said]
        run = LocalRun(
            succeeded=totals["succeeded"] - self._told["succeeded"],
            discarded=totals["discarded"] - self._told["discarded"],
            filtered=totals["filtered"] - self._told["filtered"],
            expired=totals["expired"] - self._told["expired"],
            calls=totals["batches"] - self._told["batches"],
            failures=tuple(each["sentence"] for each in said),
        )
        self._told = totals
        self._said = max([self._said, *(each["number"] for each in said)])
        return run

    def forget(self) -> None:
        """Leave the streams to the server's own end."""
        self._streams.clear()

    def _leave(self) -> None:
        """Delete the test's streams: what waits in them is not the next test's."""
        if not self._streams:
            return
        for stream in self._streams:
            delete_stream(self._server, stream)
        self._streams.clear()
        self._run()

    def _name(self) -> str:
        test = current.running
        name = re.sub(r"[^A-Za-z0-9_.-]+", "_", test.node_id.rpartition("::")[2] if test else "s")
        return f"{name[:_LONGEST]}-{next(self._numbers)}"

    def __repr__(self) -> str:
        return f"<KinesisLocal at {self.endpoint_url}>"


@contextmanager
def kinesis_local(state: Path, root: Path, template: Path | None) -> Iterator[KinesisLocal]:
    """The endpoint, while the block lasts.

    Args:
        state: a folder of its own.
        root: of the project.
        template: the project's; None: found upwards from `root`.

    Raises:
        InputError: the packages of the extra `local` are missing, or the template is not usable.
    """
    settings = read_settings({"template": str(template) if template else None}, directory=root)
    options = LocalOptions.of_project(root, settings=settings)
    if options.template is not None and options.template.path == bundled_template():
        options = replace(options, template=None, streams={})  # kcli's sample is no test's
    with tied_server(options, state) as server:
        local = KinesisLocal(server, root, template)
        yield local
        local.forget()


def _as_request(mapping: Mapping[str, object]) -> dict[str, object]:
    """A mapping's settings as CreateEventSourceMapping takes them."""
    return {name: value for name, value in mapping.items() if value not in ([], {"OnFailure": {}})}
