"""Simulations whose shards are shared, among processes here or the workers of a cluster."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from kinesis_cli.cli.running.aws_refused import explain
from kinesis_cli.cli.running.places import reach_elsewhere
from kinesis_cli.cli.running.simulations import Simulations
from kinesis_cli.errors import InputError
from kinesis_cli.handlers.options import HandlerOptions
from kinesis_cli.parts.whole import Ran, Whole, run_whole
from kinesis_cli.places.url import is_url, shown
from kinesis_cli.project.function import Function
from kinesis_cli.project.mapping import MappingChoice
from kinesis_cli.show.console import note
from kinesis_cli.show.progress import Progress, progress
from kinesis_cli.show.simulation.run import Run
from kinesis_cli.show.simulation.view import View
from kinesis_cli.simulation.trace import Summary


@dataclass(frozen=True, slots=True)
class SharedSimulations:
    """The runs of a command, each in parts.

    A handler is made for each part where that runs: those that `alone` would make are not.
    """

    alone: Simulations
    handler: HandlerOptions
    processes: int  # on this machine, where no scheduler is named
    scheduler: str | None = None
    worker_project: Path | None = None

    def run(self, choice: MappingChoice, view_of: Callable[[Run], View]) -> Summary:
        """Deliver under a mapping, and show it once all parts are done.

        Raises:
            InputError: a part could not be run. Nothing is shown then.
            EndpointError: there is no cluster.
        """
        alone, tell = self.alone, cache(note)
        with TemporaryDirectory(prefix="kcli-") as folder:
            whole = Whole(
                alone.recording,
                choice.mapping,
                alone.options,
                alone.function,
                self.handler,
                Path(folder),
                reach=reach_elsewhere(alone.inputs),
            )
            with progress("delivering", alone.recording.count) as bar:
                run = self._on_cluster if self.scheduler is not None else self._here
                ran = run(whole, tell, bar)
            for sentence in (each for result in ran.results for each in result.told):
                tell(sentence)
            if any(result.is_refused for result in ran.results):
                explain()
            view = view_of(alone.described(choice, ran.results[0].runtime, whole.start_at))
            for row in ran.rows():
                view.row(row)
            summary = ran.summary()
            view.finish(summary)
        return summary

    def _here(self, whole: Whole, tell: Callable[[str], None], bar: Progress) -> Ran:
        from kinesis_cli.parts.seats import ProcessSeat, end_processes  # starts processes
        from kinesis_cli.parts.simulate_part import simulate_part

        tell(_copies(f"{self.processes} processes"))
        urls = [shown(each) for each in self.alone.inputs if is_url(each)]
        if urls and whole.recording.kept is None:
            tell(
                f"{', '.join(urls)}: without an index beside each all of it was fetched and read "
                "first; `kcli index URL` makes it."
            )
        try:
            seats = [ProcessSeat(simulate_part) for _ in range(self.processes)]
            return run_whole(whole, seats, self.processes, tell, bar.update)
        finally:
            end_processes()

    def _on_cluster(self, whole: Whole, tell: Callable[[str], None], bar: Progress) -> Ran:
        from kinesis_cli.parts.cluster import Cluster  # Dask is imported by it
        from kinesis_cli.parts.project_upload import ElsewhereProject, packed, project_folder
        from kinesis_cli.parts.simulate_there import SimulateThere

        address = self.scheduler
        assert address is not None
        if whole.recording.kept is None:
            raise InputError(
                "--scheduler: each worker reads the recording by its index, and there is none",
                place=", ".join(map(shown, self.alone.inputs)),
                advice="`kcli index FILE` makes it; each file needs one, at a URL or under a path "
                "that the workers have too.",
            )
        function = _on_own_python(whole.function, tell)
        code = None
        if self.worker_project is None:
            code = packed(function)
        else:
            project = ElsewhereProject(project_folder(function), self.worker_project)
            whole = replace(whole, there=project.path)
            function = project.function(function)
        with Cluster(address) as cluster:
            # Sent once, and not with each part.
            sent = None if code is None else cluster.sent(code)
            seats = cluster.seats(SimulateThere(sent, whole.function.code_uri))
            tell(_copies(f"{len(seats)} threads of workers at {address}"))
            ran = run_whole(replace(whole, function=function), seats, len(seats), tell, bar.update)
            for sentence in cluster.moved({job.rows: job.name for job in ran.jobs}):
                tell(sentence)
        return ran


def _copies(what: str) -> str:
    return (
        f"{what}, each with a function of its own: what that keeps between calls, the shards of "
        "the others do not see (docs/scale.md)."
    )


def _on_own_python(function: Function, tell: Callable[[str], None]) -> Function:
    """The function as it runs where only kcli's Python is sure to be."""
    if function.interpreter is None or function.interpreter.is_own:
        return function
    tell(
        f"On the workers the function runs in kcli's Python there, not in {function.interpreter}: "
        "its packages must be installed beside kcli."
    )
    return replace(function, interpreter=None)
