"""What a failed test says: in sentences, with the life of the records that it is about."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence

from kinesis_cli.simulation.words import counted, since_cell
from kinesis_cli.stream.record import Record
from kinesis_cli.testing.run import Call, Count, Records, RunFacts

MAX_TOLD = 3  # records of which it is told what happened to them
MAX_STEPS = 8  # of a life
MAX_CALLS = 12  # in a report
# pytest cuts what it is told of a comparison, and the command at its end must stay.
# Source: https://docs.pytest.org/en/stable/reference/reference.html#confval-truncation_limit_lines
MAX_LINES, MAX_CHARACTERS = 8, 640
MAX_STEP_CHARACTERS = 110

_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


def comparison(operator: str, left: object, right: object) -> list[str] | None:
    """Return what pytest says of a comparison that failed; None: it has nothing of a run in it."""
    if isinstance(left, Count):
        return _of_count(left, operator, right)
    if isinstance(right, Count):
        return _of_count(right, _MIRRORED.get(operator, operator), left)
    if operator == "==" and isinstance(left, Records) and _are_records(right):
        return _of_records(left, right)
    if operator == "==" and isinstance(right, Records) and _are_records(left):
        return _of_records(right, left)
    if operator in ("in", "not in") and isinstance(right, Records) and isinstance(left, Record):
        return _of_membership(left, operator, right)
    return None


def _are_records(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, Record) for each in value)


def _of_count(count: Count, operator: str, expected: object) -> list[str]:
    run, wanted = count.run, f"{operator} {expected!r}".removeprefix("== ")
    lines = [f"{int(count)} {operator} {expected!r}"]
    if count.record is not None:
        if operator == "==" and isinstance(expected, int):
            wanted = _times(expected)
        lines.append(f"{named(run, count.record)} was delivered {_times(count)}, not {wanted}")
        return _with_life(lines, run, count.record)
    others = [each for each in run.records if run.ending(each) != "succeeded"]
    lines.append(f"{counted(int(count), 'record')} {count.what}, not {wanted}; {run.in_short()}")
    lines += _endings(run, others[:MAX_TOLD])
    return [*lines, *_again(run, *others[:1])]


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count:,} times")


def _of_records(found: Records, expected: object) -> list[str]:
    assert isinstance(expected, Sequence)
    run, how = found.run, found.how
    lines = [f"{len(found)} {how} == {len(expected)} expected"]
    too_many = [each for each in found if each not in expected]
    missing = [each for each in expected if each not in found]
    if not too_many and not missing:
        same = "in another order" if len(found) == len(expected) else "one of them twice"
        return [*lines, f"they are the same records, {same}"]
    strange = [each for each in missing if not run.has(each)]
    missing = [each for each in missing if run.has(each)]
    lines += [f"{each!r} is not a record of this run" for each in strange[:1]]
    told = [(each, f"was {how}") for each in too_many]
    told += [(each, f"was not {how}") for each in missing]
    if len(told) == 1:
        record, said = told[0]
        return _with_life([*lines, f"{named(run, record)} {said}"], run, record)
    for record, said in told[:MAX_TOLD]:
        lines.append(f"{named(run, record)} {said}: {_last_step(run, record)}")
    if len(told) > MAX_TOLD:
        lines.append(f"and {len(told) - MAX_TOLD:,} more")
    return [*lines, *_again(run, *(record for record, _ in told[:1]))]


def _of_membership(record: Record, operator: str, records: Records) -> list[str]:
    run, lines = records.run, [f"{record!r} {operator} {records.how}"]
    if not run.has(record):
        return [*lines, "it is not a record of this run"]
    said = f"was {'not ' if operator == 'in' else ''}{records.how}"
    return _with_life([*lines, f"{named(run, record)} {said}"], run, record)


def not_handled(run: RunFacts) -> str:
    """Return what `assert_all_handled` says; "" where all records were."""
    others = _unhandled(run)
    if not others:
        return ""
    many = counted(len(run.records), "record")
    lines = [f"{len(others)} of {many} not handled: {run.in_short()}"]
    for record in others[:MAX_TOLD]:
        lines += [f"{named(run, record)}:"]
        lines += [f"  {line}" for line in run.life_lines(record, MAX_STEPS)]
    if len(others) > MAX_TOLD:
        lines.append(f"and {len(others) - MAX_TOLD:,} more")
    return "\n".join([*lines, *_again(run, others[0])])


def report(run: RunFacts) -> str:
    """Return a run in lines: its calls, the records that did not succeed, how to see it again."""
    lines = [run.in_short(), f"mapping: {run.mapping_origin}"]
    lines += [f"warning: {warning}" for warning in run.warnings]
    lines += _calls(run)
    others = _unhandled(run)
    lines += _endings(run, others[:MAX_TOLD])
    if len(others) > MAX_TOLD:
        lines.append(f"and {len(others) - MAX_TOLD:,} more that were not handled")
    if (error := run.last_exception) is not None:
        text = "".join(traceback.format_exception(error))
        lines += ["", *text.rstrip("\n").split("\n"), ""]
    return "\n".join([*lines, *_again(run, *others[:1])])


def named(run: RunFacts, record: Record) -> str:
    """Return a record in words: its place, key and payload."""
    return f"record {run.number_of(record)} ({record.in_short})"


def in_words(run: RunFacts, call: Call) -> str:
    """Return a call in a line: which records, how it ended, why, and what follows."""
    which = f"record{'' if len(call.records) == 1 else 's'} {which_records(run, call)}"
    reason = run.with_places(call.reason)
    return f"call {call.index}, attempt {call.attempt}, {which}: {call.outcome}: {reason}"


def which_records(run: RunFacts, call: Call) -> str:
    """Return the places of a call's records in the run: "1", "1 to 3", "none"."""
    numbers = [run.number_of(record) for record in call.records]
    if not numbers:
        return "none"
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"


def _unhandled(run: RunFacts) -> list[Record]:
    return [each for each in run.records if run.ending(each) not in ("succeeded", "filtered")]


def _calls(run: RunFacts) -> Iterator[str]:
    calls, half = run.calls, MAX_CALLS // 2
    for place, call in enumerate(calls):
        if len(calls) <= MAX_CALLS or place < half or place >= len(calls) - half:
            yield f"  {since_cell(call.at - run.start_at)}  {in_words(run, call)}"
        elif place == half:
            yield f"  … {counted(len(calls) - 2 * half, 'more call')}"


def _endings(run: RunFacts, records: Sequence[Record]) -> Iterator[str]:
    for record in records:
        yield f"{named(run, record)} {run.ending(record)}: {_last_step(run, record)}"


def _last_step(run: RunFacts, record: Record) -> str:
    """What happened to a record at last, in words."""
    *_, last, _ = run.life_lines(record)
    return last.strip().partition("  ")[2].removeprefix("why: ")


def _with_life(lines: list[str], run: RunFacts, record: Record) -> list[str]:
    """`lines`, as much of the record's life as pytest shows, and the command."""
    command = _again(run, record)
    room = MAX_LINES - len(lines) - len(command)
    characters = MAX_CHARACTERS - sum(map(len, [*lines, *command]))
    for most in range(min(room, MAX_STEPS), 0, -1):
        steps = [_cut(line) for line in run.life_lines(record, most)[: room or 1]]
        if len(steps) <= room and sum(map(len, steps)) <= characters:
            return [*lines, *steps, *command]
    return [*lines, *command]


def _cut(line: str) -> str:
    line = f"  {line}"
    return line if len(line) <= MAX_STEP_CHARACTERS else f"{line[: MAX_STEP_CHARACTERS - 1]}…"


def _again(run: RunFacts, *records: Record) -> list[str]:
    """How to see it again."""
    if run.repeat is None:
        return []
    command = run.repeat.command(records[0] if records else None, run.records)
    return [f"to see it again: {command}"]
