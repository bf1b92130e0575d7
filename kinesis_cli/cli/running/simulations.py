"""Delivering the same records in virtual time, once for each mapping."""

from collections.abc import Callable, Sequence
from contextlib import closing

import msgspec

from kinesis_cli.event_source_mapping.invocation import Handler
from kinesis_cli.places.url import shown
from kinesis_cli.project.function import Function
from kinesis_cli.project.mapping import MappingChoice
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.show.progress import progress
from kinesis_cli.show.simulation.run import Run
from kinesis_cli.show.simulation.view import View
from kinesis_cli.simulation.run import Simulation, SimulationOptions
from kinesis_cli.simulation.trace import Summary


class Simulations(msgspec.Struct, frozen=True):
    """What the runs of a command have in common."""

    function: Function
    recording: Recording
    inputs: Sequence[str]  # as the user named them
    options: SimulationOptions
    new_handler: Callable[[float | None], Handler]  # given when its clock starts, epoch seconds

    def run(self, choice: MappingChoice, view_of: Callable[[Simulation, Run], View]) -> Summary:
        """Deliver under a mapping, and show it.

        The handler is a new one each time: what one run leaves in its modules must not reach the
        next.
        """
        options, records = self.options, self.recording.rewound()
        with closing(self.new_handler(options.start_at)) as handler:
            simulation = Simulation(records, handler, choice.mapping, options)
            run = self.described(choice, handler.runtime, simulation.start_at)
            return self._deliver(simulation, view_of(simulation, run))

    def described(self, choice: MappingChoice, runtime: str, start_at: float) -> Run:
        """What is run, for the head of a view."""
        names = ("standard input" if name == "-" else shown(name) for name in self.inputs)
        return Run(
            handler=self.function.handler,
            runtime=runtime,
            handler_origin=self.function.origin,
            mapping=choice.mapping.to_aws(),
            mapping_origin=choice.origin,
            source=", ".join(names),
            records=self.recording.count,
            shards=len(self.recording.shard_ids),
            start_at=start_at,
            interpreter=self.function.interpreter,
            key_title=self.recording.kind.key_title,
        )

    def _deliver(self, simulation: Simulation, view: View) -> Summary:
        other = None
        try:
            with progress("delivering", simulation.records) as bar:
                for row in simulation.rows():
                    view.row(row)
                    bar.update(simulation.ended)
            other = simulation.other_reading(self.recording.rewound())
        finally:  # after Ctrl-C too: with what was finished so far
            summary = msgspec.structs.replace(simulation.summary(), other_reading=other)
            view.finish(summary)
        return summary
