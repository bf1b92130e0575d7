"""The property of how much memory a function keeps."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count, pairwise

from kinesis_cli.payloads.hostile import (
    Path,
    looks_like_a_time,
    member_of,
    parsed,
    paths_of,
    replaced,
    text_of,
)
from kinesis_cli.stream.record import Record
from kinesis_cli.testing.checks.batches import batch_of
from kinesis_cli.testing.checks.failing import CheckFailedError
from kinesis_cli.testing.checks.made_records import Item, item_of, made_records
from kinesis_cli.testing.checks.observing import Batch, Subject
from kinesis_cli.testing.checks.subjects import Checked, subject_of

CALLS = 1_000
_EVERY = 100  # calls between two looks at memory
_WARM_UP = 400  # calls in which a small cache may fill itself
_LEAST_GROWTH = 24  # bytes a call: a number or a reference more
_PLAIN_GROWTH = 256  # bytes a call: more than a library keeps while it gets warm
# What grows may be a large cache, which large batches fill soon: after these, one of 4,096 is full.
_LARGE_BATCH = 350  # records
_LARGE_CALLS = 12
_LARGE_EVERY = 2
_FIRST = 100_000  # the number of the first record: all have as many digits
_LONG_TEXT = 80  # characters; parsers keep thousands of shorter ones, pydantic's up to 63
_MAX_VARIED = 6  # members that are another value in each record

Payload = Callable[[int], bytes]  # the payload of a record, by its number


def memory(function: Checked, records: Sequence[Record], calls: int = CALLS) -> None:
    """Check that memory stays flat over many calls, of records that all differ.

    Where it grows early, fewer calls tell as much: some functions take longer with each. So do
    they where it stands still once the function is warm.

    Raises:
        CheckFailedError: it grows from call to call, to the last.
    """
    __tracebackhide__ = True
    with subject_of(function) as subject:
        if not records or not subject.sees_inside:
            return
        growing = _Growth(subject, records, calls)
        if (a_call := growing.bytes_of_a_call()) is not None:
            problem = (
                f"memory grows by {_size(a_call)} with each call of {_counted(len(records))}, "
                "and does not end: something is kept"
            )
            raise CheckFailedError("memory", problem, records)


class _Growth:
    """Many calls in one environment, and what they leave there.

    Args:
        subject: what is called.
        records: of each call; what they carry is another text each time, where the function takes
            that as well.
        calls: at most.
    """

    def __init__(self, subject: Subject, records: Sequence[Record], calls: int) -> None:
        self._subject, self._calls = subject, calls
        self._items = list(map(item_of, records))
        self._varied = [_varied(subject, item) for item in self._items]
        self._numbers = count(_FIRST)
        self._figures: list[int] = []  # bytes after each series of calls
        self._large: list[int] = []  # the same of large batches

    def bytes_of_a_call(self) -> float | None:
        """What each call leaves; None: it ends, or nobody can tell."""
        figures = self._subject.growth(self._series())
        for figure in figures or ():
            (self._large if self._is_suspected() else self._figures).append(figure)
        if not self._is_suspected() or not self._has_no_end():
            return None
        later = self._later()
        return (later[-1] - later[0]) / ((len(later) - 1) * _EVERY)

    def _series(self) -> Iterator[Sequence[Batch]]:
        """Calls after each of which but the first memory is looked at, while it may yet be flat."""
        for _ in range(self._calls // _EVERY):
            if self._is_suspected() or self._is_flat():
                break
            yield [self._batch(len(self._varied)) for _ in range(_EVERY)]
        if self._is_suspected():
            size = min(_LARGE_BATCH, self._subject.mapping.batch_size)
            for _ in range(_LARGE_CALLS // _LARGE_EVERY):
                yield [self._batch(size) for _ in range(_LARGE_EVERY)]

    def _is_suspected(self) -> bool:
        """Whether memory has grown all the time: plainly from the beginning, or to the last."""
        if self._is_plain():
            return True
        return len(self._figures) >= self._calls // _EVERY and self._grows(self._later(), _EVERY)

    def _is_flat(self) -> bool:
        """Whether memory did not grow once after the warm-up, so that no more calls matter."""
        is_warm = len(self._figures) > _WARM_UP // _EVERY
        return is_warm and not self._is_plain() and not self._grows(self._later(), _EVERY)

    def _is_plain(self) -> bool:
        """Whether so much is kept from the beginning on that no more calls need to show it."""
        if len(self._figures) < _WARM_UP // _EVERY:
            return False
        steps = _steps(self._figures[: _WARM_UP // _EVERY])
        return min(steps) >= _PLAIN_GROWTH * _EVERY and 2 * min(steps) >= max(steps)

    def _has_no_end(self) -> bool:
        """Whether large batches make memory grow at the same pace to the last."""
        if len(self._large) < _LARGE_CALLS // _LARGE_EVERY:
            return False  # the process has ended
        steps = _steps(self._large)
        # libraries keep less and less until they are warm
        is_steady = 2 * min(steps[-2:]) >= min(steps[:2])
        return is_steady and self._grows(self._large, _LARGE_EVERY)

    def _later(self) -> list[int]:
        """The figures that count: of all calls, or of those after the warm-up."""
        return self._figures if self._is_plain() else self._figures[_WARM_UP // _EVERY - 1 :]

    def _grows(self, figures: Sequence[int], every: int) -> bool:
        steps = _steps(figures)
        return bool(steps) and min(steps) >= _LEAST_GROWTH * every

    def _batch(self, size: int) -> list[Record]:
        first = next(self._numbers)
        items = [self._item(first)]
        items += [self._item(next(self._numbers)) for _ in range(size - 1)]
        return batch_of(items, first=1 + first)

    def _item(self, number: int) -> Item:
        place = number % len(self._varied)
        return self._items[place]._replace(data=self._varied[place](number))


def _steps(figures: Sequence[int]) -> list[int]:
    return [after - before for before, after in pairwise(figures)]


def _varied(subject: Subject, item: Item) -> Payload:
    """What a record may carry instead, so that it fares as before, another one for each number."""
    data = item.data
    if not made_records(item.kind).are_payloads:
        return lambda _: data

    def is_alike(other: bytes) -> bool:
        return _fate(subject, item._replace(data=other)) == fate

    def if_alike(payload: Payload) -> Payload:
        return payload if is_alike(payload(10 * _FIRST - 1)) else lambda _: data

    value, fate = parsed(data), _fate(subject, item)
    if not isinstance(value, dict):
        return if_alike(lambda number: data + b" %d" % number)
    paths: list[Path] = []
    for path in paths_of(value):
        if len(paths) == _MAX_VARIED:
            break
        member = member_of(value, path)
        if _other(member, 1) == member:
            continue
        if all(is_alike(_with(value, [path], number)) for number in (_FIRST, 10 * _FIRST - 1)):
            paths.append(path)
    return if_alike(lambda number: _with(value, paths, number))


def _fate(subject: Subject, item: Item) -> object:
    return subject.deliver(batch_of([item]), fresh=False)[0].fate


def _with(value: object, paths: Sequence[Path], number: int) -> bytes:
    for path in paths:
        value = replaced(value, path, _other(member_of(value, path), number))
    return text_of(value)


def _other(member: object, number: int) -> object:
    """Another value of the same kind; the same one: there is none."""
    match member:
        case bool():
            return member
        case int() | float():
            return member + number
        case str() if not looks_like_a_time(member):
            return f"{member}-{number}".ljust(_LONG_TEXT, "-")
    return member


def _counted(count: int) -> str:
    return f"{count:,} record{'' if count == 1 else 's'}"


def _size(number: float) -> str:
    """A size, rounded so that it is the same each time."""
    if number < 1_000:
        return f"some {round(number, -1):.0f} bytes" if number >= 95 else "some bytes"
    return f"some {number / 1_000:.0f} kB" if number < 1_000_000 else f"{number / 1e6:.0f} MB"
