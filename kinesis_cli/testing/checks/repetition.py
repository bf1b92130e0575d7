"""Properties of the same batch, delivered more than once."""

from collections.abc import Mapping, Sequence

from kinesis_cli.stream.kinds.known import kind_of_records
from kinesis_cli.stream.record import Record
from kinesis_cli.testing.checks.aws_writes import repeated_writes, writes_of
from kinesis_cli.testing.checks.batches import AT, LATER, batch_of
from kinesis_cli.testing.checks.failing import CheckFailedError
from kinesis_cli.testing.checks.made_records import (
    Item,
    arn_of,
    item_of,
    made_records,
    variants_of,
)
from kinesis_cli.testing.checks.observing import Batch, Seen, Subject
from kinesis_cli.testing.checks.subjects import Checked, subject_of
from kinesis_cli.testing.checks.words import did, outcome, quoted

_AGAIN = 4  # deliveries under the same conditions
OTHERS = 20  # batches that an environment has seen before

# Which differ from process to process, and from machine to machine.
_PROCESSES: Mapping[str, Mapping[str, str]] = {
    "in a process with another hash seed (the order of a set is another one there)": {
        "PYTHONHASHSEED": "1"
    },
    "in a process with a third hash seed": {"PYTHONHASHSEED": "2"},
    "in a process in another time zone": {"TZ": "Asia/Kolkata"},
    "in a process in a time zone west of it": {"TZ": "America/New_York"},
}


def deterministic(function: Checked, records: Sequence[Record]) -> None:
    """Check that the same batch gets the same verdict: again, later, in any process.

    Delivered to fresh environments; the members of its JSON objects in another order, too, which
    means nothing in JSON.

    Raises:
        CheckFailedError: a verdict is another one.
    """
    __tracebackhide__ = True
    with subject_of(function) as subject:
        (seen,) = subject.deliver(records)
        for _ in range(_AGAIN):
            _same(seen, subject.deliver(records)[0], "delivered again")
        _same(seen, subject.deliver(records, at=AT + LATER)[0], "a minute later")
        for where, variables in _PROCESSES.items():
            if (other := subject.deliver_in(variables, records)) is not None:
                _same(seen, other, where)
        turned = _turned(records)
        if turned is not None:
            where = "with the members of its JSON in another order"
            _same(seen, subject.deliver(turned)[0], where)


def no_state_leak(
    function: Checked, records: Sequence[Record], others: Sequence[Batch] | None = None
) -> None:
    """Check that a batch gets the verdict that it gets in a fresh environment, after others too.

    Args:
        function: what is checked.
        records: the batch.
        others: delivered before it; default: twenty, of the batch's own payloads, broken in turn.

    Raises:
        CheckFailedError: the verdict or what is written to AWS is another one.
    """
    __tracebackhide__ = True
    with subject_of(function) as subject:
        (seen,) = subject.deliver(records)
        before = _others(records) if others is None else others
        for what, series in {
            "after it was delivered once": [records],
            f"after {_other(len(before))}": before,
        }.items():
            *_, after = subject.deliver(*series, records)
            if problem := _leak(seen, after, what, subject):
                raise CheckFailedError("no-state-leak", problem, records, did(after), series)


def idempotent(function: Checked, records: Sequence[Record]) -> None:
    """Check that a second delivery of a batch writes nothing that the first one has not.

    A write of the same key counts as the same, whatever else it holds, and so does one under a
    condition; what sends something each time does not.

    Raises:
        CheckFailedError: the second delivery adds something.
    """
    __tracebackhide__ = True
    with subject_of(function) as subject:
        first, second = subject.deliver(records, records, keeps_tables=True)
        if added := repeated_writes(first.aws_calls, second.aws_calls):
            problem = f"the second delivery of the same batch {added}"
            raise CheckFailedError("idempotent", problem, records, did(second))


def _same(seen: Seen, other: Seen, when: str) -> None:
    if seen.fate != other.fate:
        problem = f"the same batch {_ended(seen)}, and {when} it {_ended(other)}"
        raise CheckFailedError("deterministic", problem, seen.batch, did(other))


def _other(count: int) -> str:
    return "another batch" if count == 1 else f"{count} other batches"


def _ended(seen: Seen) -> str:
    if seen.first_failed is None and seen.result.error is None:
        return "is handled"
    text = outcome(seen)
    if text.startswith("answered"):
        return f"is {text.replace('answered', 'answered with', 1)}"
    return f"has {text}" if text.startswith(("failed", "reported")) else text


def _leak(seen: Seen, after: Seen, when: str, subject: Subject) -> str:
    """What is different after other batches; "": nothing, or it is so by chance."""
    if seen.fate != after.fate:
        if subject.deliver(seen.batch)[0].fate != seen.fate:
            return ""  # by chance: another property's business
        return f"in a fresh environment the batch {_ended(seen)}, and {when} it {_ended(after)}"
    writes, later = writes_of(seen.aws_calls), writes_of(after.aws_calls)
    if writes == later or writes_of(subject.deliver(seen.batch)[0].aws_calls) != writes:
        return ""
    if not subject.sees_inside or len(writes) > len(later):
        return ""  # what was written once need not be written again
    return f"in a fresh environment it writes {quoted(writes)}, and {when} {quoted(later)}"


def _others(records: Sequence[Record]) -> list[Batch]:
    """Twenty batches of earlier records of the same partition keys."""
    items = list(map(item_of, records)) or [Item(b"")]
    arn = arn_of(records[0]) if records else ""
    found: list[Batch] = []
    for number in range(OTHERS):
        item = items[number % len(items)]
        if number % 2 == 0:
            carried = [item._replace(data=data) for data in _changed(item, number)]
        else:
            carried = [item]
        found.append(batch_of(carried, first=1_000 * (number + 1), arn=arn))
    return found


def _changed(item: Item, number: int) -> list[bytes]:
    every = []
    for place, variant in enumerate(variants_of(item)):
        if place > 60:
            break
        every.append(variant.data)
    return every[number::OTHERS][:3] or [item.data]


def _turned(records: Sequence[Record]) -> list[Record] | None:
    """The records with what has no order in reverse; None: nothing to reverse."""
    return made_records(kind_of_records(records)).turned(records)
