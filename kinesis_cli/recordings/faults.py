"""What is wrong with a record of a recording, as a sentence that names its place."""

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.recordings.opening import not_utf8
from kinesis_cli.stream.lines import Fault

_decode_any = msgspec.json.Decoder().decode


class Place(NamedTuple):
    """Where the records of a block came from, for messages."""

    name: str
    unit: str  # "line" or "record"
    numbers: Sequence[int]

    def of(self, index: int, field: str = "") -> str:
        """The place of one record, counted from 0."""
        where = f"{self.name}, {self.unit} {self.numbers[index]}"
        return f"{where}, {field}" if field else where


def out_of_order(number: str, shard_id: str, place: str, before: str) -> InputError:
    """The sentence for a sequence number that is smaller than one before it."""
    return InputError(
        f"{number} is smaller than the number of {before}, which stands before it in {shard_id}",
        place=place,
        advice="Within a shard records stand in the order of their sequence numbers. "
        "`kcli event --from FILE -o NEW.ndjson` numbers them anew, as they stand.",
    )


def line_error(
    line: bytes, name: str, number: int, fault_of: Callable[[object], Fault | None]
) -> InputError:
    """The sentence for a line that is not a record, or has not what is needed of it."""
    place = Place(name, "line", [number])
    return error_in(line, place, 0, fault_of) or unexplained([line], place, "no record")


def error_in(
    line: bytes, place: Place, index: int, fault_of: Callable[[object], Fault | None]
) -> InputError | None:
    """The sentence for a line that is not a usable record; None: it is one.

    Args:
        line: with nothing around it.
        place: of its block.
        index: of the line in the block.
        fault_of: what makes a value unusable.
    """
    try:
        text = line.decode()
        value = json.loads(text)
        fault = fault_of(value)
        if not fault:
            _decode_any(text)
    except UnicodeDecodeError as error:
        return not_utf8(line[error.start], place.name, f"{place.unit} {place.numbers[index]}")
    except RecursionError:
        return InputError("nested too deeply", place=place.of(index))
    except json.JSONDecodeError as error:
        early = error.pos >= len(error.doc) or error.msg.startswith("Unterminated")
        problem = f"not JSON: {error.msg[0].lower()}{error.msg[1:]}, at column {error.colno}"
        return InputError(
            "it ends early, within a JSON value" if early else problem, place=place.of(index)
        )
    except (ValueError, msgspec.MsgspecError) as error:
        return InputError(f"not JSON: {error}", place=place.of(index))
    if fault:
        return fault_error(fault, place.of(index, fault.field))
    return None


def unexplained(lines: Sequence[bytes], place: Place, problem: str) -> InputError:
    """The sentence for lines without a fault that cannot be read all the same.

    A member that is there twice is one reason: of the two, whoever reads it takes another.

    Args:
        lines: each is JSON.
        place: of their block.
        problem: what is said where no such member is found.
    """
    for index, line in enumerate(lines):
        try:
            json.loads(line, object_pairs_hook=_without_repetition)
        except _RepeatedMemberError as error:
            said = f"the member {error.args[0][:40]!r} is there twice"
            return InputError(said, place=place.of(index))
    return InputError(problem, place=place.of(0))


class _RepeatedMemberError(Exception):
    """An object names a member twice."""


def _without_repetition(pairs: list[tuple[str, object]]) -> None:
    seen = set[str]()
    for name, _ in pairs:
        if name in seen:
            raise _RepeatedMemberError(name)
        seen.add(name)


def fault_error(fault: Fault, place: str) -> InputError:
    """The sentence for a record that is not usable."""
    return InputError(fault.problem, place=place, advice=fault.advice)
