"""The functions, their mappings and what is asked of them: one object for the server's life."""

import asyncio
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.invocation import InvocationRequest, InvocationResult
from kinesis_cli.local.environment import client_variables
from kinesis_cli.local.failures import Failures
from kinesis_cli.local.function.activity import (
    Remark,
    ShardCounts,
    Tally,
)
from kinesis_cli.local.function.asynchronous import EventCalls, EventStore
from kinesis_cli.local.function.code import THE_TEMPLATE, ProjectWatch
from kinesis_cli.local.function.destinations import Destinations
from kinesis_cli.local.function.direct_calls import DirectCalls
from kinesis_cli.local.function.log_writer import LogWriter
from kinesis_cli.local.function.packages import Packages
from kinesis_cli.local.function.project import (
    FUNCTION_KEY,
    LATEST,
    ProjectFunction,
    notes_of_project,
    project_functions,
    without_stream,
)
from kinesis_cli.local.function.registry import Registry, Target, used_packages
from kinesis_cli.local.function.runtime import (
    Gate,
    LocalFunction,
    NotRunnableError,
    Surroundings,
    ThrottledError,
)
from kinesis_cli.local.function.store import FunctionStore
from kinesis_cli.local.kinesis import DataPlane
from kinesis_cli.local.mapping.history import History
from kinesis_cli.local.mapping.of_template import mappings_of_project
from kinesis_cli.local.mapping.run import MappingRun, MappingTools
from kinesis_cli.local.mapping.sources.choice import Sources, source_name
from kinesis_cli.local.mapping.store import MappingStore, StoredMapping
from kinesis_cli.local.neighbours.client import NeighbourCalls
from kinesis_cli.local.neighbours.moto_server import Neighbours
from kinesis_cli.local.place import Place
from kinesis_cli.local.service.deliveries import Deliveries
from kinesis_cli.local.service.telling import Telling
from kinesis_cli.local.state import Server
from kinesis_cli.local.status import MappingStatus, Problem
from kinesis_cli.poison.stuck_batch import StuckBatch
from kinesis_cli.project.function import CodeChoices, Function
from kinesis_cli.project.template.file import TemplateFile
from kinesis_cli.stream.table_arn import is_of_table

_LOOK_AGAIN_SECONDS = 1.0
_THREADS = 256  # calls at the same time; each has a process of its own
# What in the environment of whoever started the server would lead a function elsewhere.
_FOREIGN_VARIABLES = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")


class FunctionService:
    """Runs functions, the template's and those that arrive by API, and delivers streams to them.

    It belongs to the data plane's event loop.

    Args:
        data_plane: the streams.
        neighbours: for logs and on-failure documents.
        template: names the functions.
        code: how these run.
        state: where mappings and checkpoints are kept; None: nowhere.
        reload: whether changed code is used from the next call on.

    Raises:
        InputError: the file of mappings is not usable.
    """

    def __init__(
        self,
        data_plane: DataPlane,
        neighbours: Neighbours,
        *,
        template: TemplateFile | None,
        code: CodeChoices,
        state: Path | None,
        reload: bool = True,
    ) -> None:
        self._data_plane, self._neighbours = data_plane, neighbours
        self._template, self._code, self._reload = template, code, reload
        self.sources = Sources(data_plane, neighbours.ready_streams)
        self.store, self._event_store = MappingStore(state), EventStore(state)
        self.function_store, self.packages = FunctionStore(state), Packages(state)
        self.packages.sweep(used_packages(self.function_store))
        self.tally, self.history = Tally(), History()
        self.direct = DirectCalls(data_plane.clock)
        self.failures = Failures()  # until the server says where its log is
        self._random = Random()
        self._registries: dict[tuple[str, str], Registry] = {}  # by account and region
        self._project: list[ProjectFunction] = []
        self._deliveries = Deliveries()
        self._telling = Telling(data_plane.metrics)
        self.listen, self.tell = self._telling.listen, self._telling.tell
        self._warned: set[str] = set()
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="call")
        self._tasks: set[asyncio.Task[None]] = set()  # that run as long as the server

    # Its life

    def start(self, server: Server) -> None:
        """Begin: requests are answered from now on.

        Raises:
            InputError: the template is not usable.
        """
        _forget_foreign_variables(server.region)
        self.place = self._telling.place = self._neighbours.place
        calls = self.neighbours_of(self.place)
        self._destinations = Destinations(calls, self.place)
        self.events = EventCalls(
            self._event_store,
            self._data_plane.clock,
            self.find,
            self.direct,
            self._destinations,
            self.tell,
            self._deliveries.change,
        )
        log_calls = NeighbourCalls(self._neighbours, self.place, writing_logs=True)
        self._logs = LogWriter(log_calls, self.tell, self._neighbours.is_settled)
        self._neighbours.write_logs = self._logs.write_all
        self._tasks.add(asyncio.create_task(self._logs.run()))
        self._variables = client_variables(server)
        self._surroundings = Surroundings(self._executor, self._logs.write, self._reload)
        if self._template:
            self._adopt(project_functions(self._template, self.place, self._code))
            if self._reload:
                self._tasks.add(asyncio.create_task(self._watch(ProjectWatch(self._template))))
        else:
            self._resume_all()
        self.events.resume()

    async def close(self) -> None:
        """End everything. Batches that are being handled come again at the next start."""
        tasks = [*self._deliveries.tasks, *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._tasks:  # it has begun
            await self.events.close()
        for registry in self._registries.values():
            registry.close()
        self._executor.shutdown(wait=False, cancel_futures=True)
        self.store.close()
        self._event_store.close()
        self.function_store.close()
        self.packages.close()

    # The functions

    @property
    def home(self) -> Registry:
        """The functions of the project's own account and region."""
        return self.registry(self.place.account, self.place.region)

    def registry(self, account: str, region: str) -> Registry:
        """The functions of an account in a region."""
        key = (account, region)
        if key not in self._registries:
            place = replace(self.place, region=region, account=account)
            store, packages = self.function_store, self.packages
            self._registries[key] = Registry(
                place, store, packages, self._maker(place), self._random
            )
        return self._registries[key]

    def find(self, reference: str) -> Target | None:
        """What is called by an ARN, or by a name of the project's own; None: there is no such."""
        if not reference.startswith("arn:"):
            return self.home.find(reference)
        _, _, _, region, account, _, name = reference.split(":", 6)
        return self.registry(account, region).find(name)

    def functions_changed(self, registry: Registry, name: str) -> None:
        """A function came, changed or is gone; mappings that waited for it go on."""
        registry.changed(name)
        for mapping in self.store.mappings():
            if mapping.function == name and self.registry_of(mapping) is registry:
                self.resume(mapping)

    def neighbours_of(self, place: Place) -> NeighbourCalls:
        """The services beside, as an account sees them in a region."""
        return NeighbourCalls(self._neighbours, place)

    def _maker(self, place: Place) -> Callable[[Function, str, Gate, bool], LocalFunction]:
        def make(function: Function, arn: str, gate: Gate, is_fixed: bool) -> LocalFunction:
            return LocalFunction(
                function,
                arn,
                self._surroundings,
                {**self._variables, **self._access(place, function.name)},
                gate,
                partial(self._telling.measure, place, function.name),
                is_fixed=is_fixed,
            )

        return make

    def _access(self, place: Place, function: str) -> dict[str, str]:
        """Whose resources the function sees, and where."""
        is_home = place.account == self.place.account
        key = FUNCTION_KEY + function if is_home else place.account
        return {
            "AWS_ACCESS_KEY_ID": key,
            "AWS_REGION": place.region,
            "AWS_DEFAULT_REGION": place.region,
        }

    # The template

    def _adopt(self, project: list[ProjectFunction]) -> None:
        """Run the functions and deliver the mappings of the template, as it has them now."""
        self._project = project
        self.home.adopt(project)
        self._adopt_mappings()
        self._resume_all()

    def _resume_all(self) -> None:
        for mapping in self.store.mappings():
            self.resume(mapping)

    def _adopt_mappings(self) -> None:
        for problem in self._problems_of_template():
            self.tell(Remark(f"{problem.name}: {problem.reason}"))
        found = self._mappings_now(self._project)
        for mapping in found:
            self.store.save(mapping)
        for gone in {each.uuid for each in self.store.mappings() if each.origin} - {
            each.uuid for each in found
        }:
            self.store.delete(gone)

    def _mappings_now(self, project: list[ProjectFunction]) -> list[StoredMapping]:
        return mappings_of_project(project, self.store.mappings(), self._data_plane.clock.now())

    async def _watch(self, watch: ProjectWatch) -> None:
        """Do as the template and the code say, whenever one of them is changed."""
        while True:
            watch.follow(each.artefact for each in self._project if each.artefact)
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            if what := watch.what_changed():
                try:
                    now = project_functions(watch.template, self.place, self._code)
                    await self._change_to(now, what)
                except InputError as error:
                    self.tell(Remark(f"{error}; all goes on as the template was before"))
            await self._try_again()

    async def _try_again(self) -> None:
        """Run what could not run, where its code has changed since: it may be built by now."""
        for name in [each.name for each in self._project]:
            function = self.home.function(name)
            if function is None or not function.problem:
                continue
            loop = asyncio.get_running_loop()
            if await loop.run_in_executor(self._executor, function.is_worth_another_try):
                self.functions_changed(self.home, name)
                if not self.home.problem(name):
                    self.tell(Remark(f"the code of {name} has changed: it can run now"))

    async def _change_to(self, project: list[ProjectFunction], what: str) -> None:
        """Pause what runs otherwise from now on, let its calls end, and go on with the rest."""
        before = {each.name: each for each in self._project}
        now = {each.name: each for each in project}
        changed = {name for name in {*before, *now} if before.get(name) != now.get(name)}
        mappings = self._mappings_now(project)
        paused = [
            each.uuid
            for each in self.store.mappings()
            if each.function in changed or (each.origin and each not in mappings)
        ]
        await asyncio.gather(*(self.pause(each) for each in paused))
        self._adopt(project)
        if changed:
            self.tell(
                Remark(
                    f"{what} has changed: {', '.join(sorted(changed))} as it says now; a new"
                    " stream or queue comes with the next start of kcli local"
                    if what == THE_TEMPLATE
                    else f"{what} has changed: {', '.join(sorted(changed))} with it"
                )
            )

    # Mappings

    def mapping(self, uuid_: str) -> StoredMapping | None:
        """The mapping of this UUID."""
        return next((each for each in self.store.mappings() if each.uuid == uuid_), None)

    def resume(self, mapping: StoredMapping) -> None:
        """Deliver a mapping, if it is enabled and its function is there."""
        if not mapping.enabled or self._deliveries.run_of(mapping.uuid):
            return
        registry = self.registry_of(mapping)
        try:
            if problem := registry.problem(mapping.function):
                raise InputError(problem)
            arn = registry.arn(mapping.reference)
            run = MappingRun(mapping, arn, self._tools(mapping, registry))
        except InputError as error:
            self._deliveries.refuse(mapping.uuid, str(error))
            self.tell(Remark(f"{mapping.function} does not run: {error}"))
            return
        self._deliveries.begin(mapping.uuid, run)

    async def pause(self, uuid_: str) -> None:
        """Stop delivering a mapping; calls that are running end, and count."""
        await self._deliveries.pause(uuid_)

    def registry_of(self, mapping: StoredMapping) -> Registry:
        """Where a mapping and its function are: in the account and region of the stream."""
        _, _, _, region, account, _ = mapping.stream_arn.split(":", 5)
        return self.registry(account, region)

    def mapping_arn(self, mapping: StoredMapping) -> str:
        """The ARN of a mapping itself."""
        functions = self.registry_of(mapping).arn("").removesuffix("function:")
        return f"{functions}event-source-mapping:{mapping.uuid}"

    async def has_stream(self, arn: str) -> bool:
        """Whether there is the stream that an ARN, or a consumer's, names."""
        return await self.sources.has(arn.partition("/consumer/")[0])

    def now(self) -> float:
        """The time, epoch seconds."""
        return self._data_plane.clock.now()

    def last_result(self, uuid_: str) -> str:
        """AWS's LastProcessingResult."""
        run = self._deliveries.run_of(uuid_)
        return run.last_result if run else "No records processed"

    def _tools(self, mapping: StoredMapping, registry: Registry) -> MappingTools:
        version = LATEST

        async def call(request_id: str, payload: bytes) -> InvocationResult | None:
            nonlocal version
            # each time: an alias may lead elsewhere now, and the code may be another
            target = registry.find(mapping.reference)
            try:
                if target is None:
                    raise NotRunnableError("it is not there")
                version = target.function.version
                return await target.call(InvocationRequest(request_id, payload))
            except ThrottledError:
                return None
            except NotRunnableError as error:
                self.tell(Remark(f"{mapping.reference} could not be called: {error}"))
                return None

        return MappingTools(
            source=self.sources.of(mapping),
            store=self.store,
            destinations=self._destinations,
            call=call,
            executed_version=lambda: version,
            tell=self.tell,
            tally=self.tally,
            changed=self._deliveries.change,
            looked=self._deliveries.look_was_answered,
            count=self._telling.count,
            report=lambda what, error: self.failures.report(what, error),
            history=self.history,
        )

    def names_neighbours(self) -> bool:
        """Whether a mapping reads a table, or sends what failed to a service beside."""
        return any(
            is_of_table(each.stream_arn) or each.document.get("DestinationConfig")
            for each in self.store.mappings()
        )

    # What is told

    def noticed_put(self, access_key: str, request: Mapping[str, Any]) -> None:
        """A put came: warn where a function feeds the stream that feeds it.

        It is told by the access key that functions here are given. One that brings its own
        credentials is not noticed.
        """
        name = access_key.removeprefix(FUNCTION_KEY)
        if name == access_key:
            return
        named = request.get("StreamName")
        arn = self.place.stream_arn(named) if named else request.get("StreamARN", "")
        runs = [run for run in self._deliveries.runs if run.function == name]
        fed_by = {run.stream_arn: run.stream for run in runs}
        if arn in fed_by and name not in self._warned:
            self._warned.add(name)
            what = f"{name} puts records on {fed_by[arn]}, the stream that feeds it"
            self.tell(Remark(f"{what}: it may not end"))

    async def status(self) -> list[MappingStatus]:
        """All mappings."""
        return [await self._status(mapping) for mapping in self.store.mappings()]

    def failing(self) -> list[StuckBatch]:
        """The batches that fail and are tried again, of all mappings."""
        return [batch for run in self._deliveries.runs for batch in run.failing()]

    async def _status(self, mapping: StoredMapping) -> MappingStatus:
        state = "Enabled" if mapping.enabled else "Disabled"
        problem = self.hindrance(mapping) or self.hopeless(mapping)
        if problem and mapping.enabled:
            state = f"Problem: {problem}"
        stream = source_name(mapping.stream_arn)
        backlog = await self.backlog(mapping.uuid) or 0
        counts = self.tally.of_mapping(mapping.uuid)
        ages = [each.iterator_age for each in counts if each.batches]
        age = max(ages, default=None)
        return MappingStatus(mapping.reference, stream, state, backlog, age)

    def hindrance(self, mapping: StoredMapping) -> str:
        """Why a mapping that is enabled delivers nothing; "": it does, or is about to."""
        run = self._deliveries.run_of(mapping.uuid)
        return run.problem if run else self._deliveries.refusal(mapping.uuid)

    async def backlog(self, uuid_: str) -> int | None:
        """How many records of a mapping have not ended; None: it is not delivered."""
        run = self._deliveries.run_of(uuid_)
        return await run.backlog() if run else None

    def hopeless(self, mapping: StoredMapping) -> str:
        """Why all calls of a mapping fail, as its function's code is now."""
        target = self.registry_of(mapping).find(mapping.reference)
        return target.function.hopeless if target else ""

    def problems(self) -> list[Problem]:
        """The functions that cannot run, and the mappings that feed nothing."""
        hosted = [each for each in self.home.names if not self.home.is_of_template(each)]
        refused = [Problem(each, self.home.problem(each)) for each in hosted]
        return [*self._problems_of_template(), *(each for each in refused if each.reason)]

    def notes(self) -> list[str]:
        """Which Python runs the template's functions, and what is not as on Lambda."""
        of_processes = [note for each in self._project for note in self.home.notes(each.name)]
        return [*notes_of_project(self._project), *dict.fromkeys(of_processes)]

    def _problems_of_template(self) -> list[Problem]:
        found = []
        for each in self._project:
            function = self.home.function(each.name)
            reason = self.home.problem(each.name) or (function.hopeless if function else "")
            if reason:
                found.append(Problem(each.name, reason))
            found += [Problem(*each) for each in without_stream(each)]
        return found

    def shards(self) -> list[ShardCounts]:
        """What came of each shard's records since the start."""
        return list(self.tally.shards.values())

    # Waiting

    def look_again(self) -> None:
        """Look whether what functions lacked has come: who asks may just have installed it."""
        for name in self.home.names:
            if function := self.home.function(name):
                function.look_again()

    async def wait_idle(self, seconds: float) -> bool:
        """Wait until every record and event has ended, and its log lines are written.

        An open tumbling window is not waited for: it closes two minutes after its end.

        Args:
            seconds: to wait at most.

        Returns:
            Whether it has.

        Raises:
            InputError: a mapping is enabled and does not deliver.
        """
        self.look_again()
        self._refuse_to_wait()
        try:
            async with asyncio.timeout(seconds):
                await self._deliveries.wait_idle(lambda: self.events.is_idle, self._refuse_to_wait)
                await self._logs.flush()
        except TimeoutError:
            return False
        self._refuse_to_wait()  # what was given up because its function cannot run is no success
        return True

    def _refuse_to_wait(self) -> None:
        """Raises: InputError: what is waited for will not come."""
        for mapping in self.store.mappings():
            why = self._deliveries.refusal(mapping.uuid) or self.hopeless(mapping)
            if mapping.enabled and why:
                raise InputError(f"{mapping.reference} does not run: {why}")
            run = self._deliveries.run_of(mapping.uuid)
            if run and run.never_had_a_stream:
                raise InputError(f"{mapping.reference} gets nothing: {run.problem}")
        for project in self._project:
            for place, why in without_stream(project):
                raise InputError(f"{place} feeds nothing: {why}")


def _forget_foreign_variables(region: str) -> None:
    """Let what the functions and the template's readers see be the endpoint, and nothing else."""
    for name in list(os.environ):
        if name in _FOREIGN_VARIABLES or name.startswith("AWS_ENDPOINT_URL"):
            del os.environ[name]
    os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = region
