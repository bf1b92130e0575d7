"""Options that run a simulation on many cores, or many machines."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from kinesis_cli.cli.options.durations import Duration, chosen_duration
from kinesis_cli.cli.options.handler import HandlerRun
from kinesis_cli.cli.options.pictures import PictureOptions
from kinesis_cli.cli.options.simulated import Assumed
from kinesis_cli.cli.running.cores import processes_of
from kinesis_cli.errors import InputError
from kinesis_cli.project.function import Function
from kinesis_cli.simulation.faults import Fault


class ScaleOptions(msgspec.Struct, frozen=True):
    """What was said of cores and machines."""

    jobs: Annotated[
        str | None,
        typer.Option(
            metavar="N|auto",
            help="Share the shards among N processes, or one for each core; default: 1. The result "
            "is the same, see docs/scale.md. With --sweep: share its points; default: auto.",
        ),
    ] = None
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="tcp://HOST:PORT",
            help="Share the shards among the workers of a cluster of Dask's instead; each reads "
            "the recordings, which must have an index, at their URLs or under the same paths.",
        ),
    ] = None
    worker_project: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="--scheduler: the project's folder on the workers; default: its code is sent.",
        ),
    ] = None

    @property
    def option(self) -> str:
        """The option that shares shards, for messages; "": none does."""
        if self.scheduler is not None:
            return "--scheduler"
        return "--jobs" if self.processes(1) > 1 else ""

    def check(self, *, is_sweep: bool) -> None:
        """Refuse options that do not go together.

        Raises:
            InputError: names them.
        """
        if self.worker_project is not None and self.scheduler is None:
            raise InputError("--worker-project is for --scheduler", advice="Add --scheduler.")
        if self.scheduler is not None and (is_sweep or self.jobs is not None):
            raise InputError(
                f"{'--sweep' if is_sweep else '--jobs'} and --scheduler cannot be used together",
                advice="" if is_sweep else "A cluster has a part for each thread of its workers.",
            )

    def processes(self, default: int) -> int:
        """How many processes of this machine.

        Raises:
            InputError: it is no number of processes.
        """
        return default if self.jobs is None else processes_of(self.jobs)


def refuse_what_shards_share(
    option: str,
    function: Function,
    assumed: Assumed,
    duration: Duration,
    lanes: int,
    shards: int,
) -> None:
    """Refuse to deliver shards apart where what happens to one depends on the others.

    Args:
        option: that asks for it.
        function: that is called.
        assumed: what is assumed of Lambda.
        duration: of calls.
        lanes: of each shard, at most.
        shards: how many there are.

    Raises:
        InputError: names what they share.
    """
    reserved = function.reserved_concurrency
    if reserved is not None and reserved < lanes * shards:
        raise _refused(
            option,
            f"the function reserves {reserved:,} calls at a time, for which {shards:,} shards of "
            f"{lanes:,} lane{'' if lanes == 1 else 's'} compete",
        )
    if duration.cold_start:
        raise _refused(
            option, "--cold-start keeps environments that calls of all shards use in turn"
        )
    if any(Fault.parse(each).attempts for each in assumed.inject or ()):
        raise _refused(
            option,
            "--inject by number counts the attempts of all shards together",
            f"Give a probability, such as error@p=0.05; or leave {option} out.",
        )
    if chosen_duration(duration) is None:
        raise _refused(
            option,
            "--invocation-duration measured would measure how busy the cores are",
            f"Give seconds, or --duration-from LOG; or leave {option} out.",
        )


def refuse_beside_jobs(
    sharing: str, pictures: PictureOptions, run: HandlerRun, explain: str | None
) -> None:
    """Refuse what follows single records or calls.

    Raises:
        InputError: names the option.
    """
    given: Mapping[str, object] = {
        "--timeline": pictures.timeline,
        "--trace": pictures.trace,
        "--report": pictures.report,
        "--debug": run.debug,
        "--debug-at": run.debug_at,
        "--explain": explain,
    }
    for option, value in given.items():
        if value:
            why = f"{option} looks at records and calls as they come, in one process"
            raise _refused(sharing, why)


def _refused(option: str, why: str, advice: str = "") -> InputError:
    return InputError(
        f"{option} delivers shards apart, and {why}", advice=advice or f"Leave {option} out."
    )
