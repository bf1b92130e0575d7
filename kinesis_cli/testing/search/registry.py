"""The properties by their names, in the order in which they are shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from kinesis_cli.stream.record import Record
from kinesis_cli.testing import checks
from kinesis_cli.testing.checks.subjects import Checked

# How a property is looked for: with every batch; with a few, for it takes fresh environments; once.
Effort = Literal["every", "some", "once"]


@dataclass(frozen=True, slots=True)
class Property:
    """One property."""

    name: str
    function: Callable[[Checked, Sequence[Record]], None]
    meaning: str
    effort: Effort
    asked_by: str = ""  # the option without which it is left out
    sees_inside: bool = False  # whether it needs more than the answer of a process


PROPERTIES = {
    each.name: each
    for each in (
        Property(
            "samples-handled", checks.samples_handled, "the samples themselves are handled", "once"
        ),
        Property("answer-shape", checks.answer_shape, "Lambda can read the answer", "every"),
        Property("ids-of-batch", checks.ids_of_batch, "it names records of the batch", "every"),
        Property(
            "one-bad-record", checks.one_bad_record, "a bad record fails no good one", "every"
        ),
        Property("neighbours", checks.neighbours, "the verdict on a record is its own", "every"),
        Property("deterministic", checks.deterministic, "the same batch ends the same way", "some"),
        Property(
            "event-unchanged",
            checks.event_unchanged,
            "the event is left as it was",
            "every",
            sees_inside=True,
        ),
        Property(
            "no-state-leak",
            checks.no_state_leak,
            "no batch changes later ones",
            "some",
        ),
        Property(
            "idempotent",
            checks.idempotent,
            "a second delivery writes nothing new",
            "some",
            asked_by="--idempotent",
            sees_inside=True,
        ),
        Property("time", checks.time, "a full batch leaves 20 % of the Timeout", "every"),
        Property("memory", checks.memory, "memory stays flat", "once", sees_inside=True),
        Property(
            "mapping-fits", checks.mapping_fits, "the mapping reads what the function says", "every"
        ),
        Property(
            "no-secrets-in-log",
            checks.no_secrets_in_log,
            "no secret is logged",
            "every",
            asked_by="--secret",
        ),
    )
}
