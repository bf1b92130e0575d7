"""Simulating one part: the function that is sent to other processes and machines."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from kinesis_cli.event_source_mapping.invocation import Handler
from kinesis_cli.handlers import handler_of
from kinesis_cli.handlers.aws_access import explaining_handler
from kinesis_cli.parts.job import IndexedInput, PartJob, PartResult, Seen
from kinesis_cli.parts.rows_file import TimedRow, write_rows
from kinesis_cli.places.url import shown
from kinesis_cli.recordings.indexes.beside import opened_index, opened_text
from kinesis_cli.recordings.indexes.part import RecordingPart
from kinesis_cli.recordings.indexes.texts import Text
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.recordings.several import allow_inputs
from kinesis_cli.recordings.survey import Survey
from kinesis_cli.simulation.lane_readings import Lessons, StandIn
from kinesis_cli.simulation.run import Simulation

_NOTED_EACH = 20_000  # records


def simulate_part(job: PartJob) -> PartResult:
    """Deliver the records of some shards; their rows are written where the job says.

    What comes of them is the same whatever the other parts are, and wherever they run.

    Raises:
        InputError: the handler cannot be loaded, or a recording changed.
    """
    job.reach()
    told: list[str] = []
    refused: list[bool] = []
    with ExitStack() as stack:
        source = stack.enter_context(part_of(job.inputs, job.shards))
        handler = _handler(job, told.append, lambda: refused.append(True))
        stack.callback(handler.close)
        simulation = Simulation(source, handler, job.mapping, job.options)
        rows = _noted(simulation, job.done)
        if job.rows:
            write_rows(Path(job.rows), rows)
        else:
            deque(rows, maxlen=0)
    seen = _seen(simulation.lessons)
    return PartResult(simulation.counts(), handler.runtime, seen, tuple(told), bool(refused))


def part_of(inputs: Sequence[IndexedInput], shards: tuple[str, ...]) -> Recording:
    """Some shards of indexed files; only the blocks that hold their records are read.

    Raises:
        InputError: a file cannot be opened, or is not what it was.
        EndpointError: a service refused, or was not reached.
    """
    allow_inputs(len(inputs))
    with ExitStack() as stack:
        survey = Survey(())
        stack.callback(survey.close)
        for each in inputs:
            index = opened_index(each.index)
            stack.callback(index.close)
            index.want(shards)
            texts: list[Text] = []
            are_sure = True
            for path, entry in zip(each.files, index.head.files, strict=True):
                text, is_sure = opened_text(path, entry)
                stack.callback(text.close)
                texts.append(text)
                are_sure = are_sure and is_sure
            survey.add_indexed(index, texts, shown(each.files[0]), is_sure=are_sure)
        part = RecordingPart(shards, survey.indexed)
        return Recording(survey, part, close=stack.pop_all().close)


def _handler(job: PartJob, tell: Callable[[str], None], refused: Callable[[], None]) -> Handler:
    if job.seen is not None:
        return StandIn(dict(job.seen.failures), set(job.seen.raises))
    options = msgspec.structs.replace(job.handler, is_alone=True, at=job.options.start_at)
    # Of one with a process of its own the command has told already.
    is_here = not (options.isolated or job.function.needs_own_process)
    handler = handler_of(job.function, options, tell if is_here else None)
    return handler if job.function.aws is None else explaining_handler(handler, refused)


def _noted(simulation: Simulation, done: str) -> Iterator[TimedRow]:
    """The rows, and now and then a note of how far the run has come."""
    noted = 0
    for timed in simulation.timed_rows():
        yield timed
        if done and simulation.ended - noted >= _NOTED_EACH:
            noted = simulation.ended
            Path(done).write_bytes(noted.to_bytes(8, "little"))


def _seen(lessons: Lessons | None) -> Seen | None:
    if lessons is None:
        return None
    stand_in = lessons.stand_in()
    return Seen(tuple(lessons.samples), stand_in.failures, frozenset(stand_in.raises))
