"""Files that are one recording together: those of a folder, a prefix or a pattern, too."""

import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from operator import itemgetter

from kinesis_cli.errors import InputError
from kinesis_cli.places.expanding import expanded, is_several
from kinesis_cli.recordings.form import Look, Reading
from kinesis_cli.recordings.inputs import Input

_FILES_OF_EACH = 4  # that are open at most: what was fetched, and what was in it
_TOLD_ALONE = 3  # files; of more the like ones share a sentence
_OTHER_FILES = 256  # of the process


def open_inputs(
    paths: Sequence[str], reading: Reading, opened: Callable[[str, Reading], Input] = Input.open
) -> Iterator[Input]:
    """Open the files of one recording, each when it is asked for where that is possible.

    Those that a folder, a prefix or a pattern stands for are in the order of time: of the first
    arrival in each, and where there are no arrivals of their names.

    Args:
        paths: files, URLs, "-"; folders, prefixes, patterns.
        reading: how they are to be read.
        opened: opens one of them.

    Raises:
        InputError: one cannot be opened, nobody can tell what it is, or they do not go together.
        EndpointError: a service refused, or was not reached.
    """
    if not any(map(is_several, paths)):
        for path in paths:
            yield opened(path, reading)
        return
    files = expanded(paths)
    allow_inputs(len(files))
    with ExitStack() as stack:
        inputs = [stack.enter_context(opened(file, reading)) for file in files]
        in_order = _in_order(inputs)
        stack.pop_all()
    yield from in_order


def notes_of(inputs: Sequence[Input], found: Callable[[Input], Sequence[str]]) -> list[str]:
    """What people should know of files that were read, a sentence each; of many like one of one.

    Args:
        inputs: whose `count` is known.
        found: the sentences of one, as `Input.notes` or `Input.found` gives them.
    """
    alike: dict[Look, list[Input]] = {}
    for each in inputs:
        alike.setdefault(each.look, []).append(each)
    if len(inputs) <= _TOLD_ALONE:
        return [note for each in inputs for note in found(each)]
    notes: list[str] = []
    for group in alike.values():
        first = group[0]
        if len(group) == 1:
            notes += found(first)
            continue
        more = len(group) - 1
        name = f"{first.name} and {more:,} more file{'s' if more > 1 else ''}"
        notes += first.found(sum(each.count for each in group), name)
        notes += [note for note in found(first) if note not in first.found(first.count)]
    return notes


def _in_order(inputs: Sequence[Input]) -> Sequence[Input]:
    """Inputs in the order of their first arrivals, if each has one.

    Raises:
        InputError: they are not of one kind.
    """
    _refuse_mixed(inputs)
    found = [(each.first_arrival, each) for each in inputs]
    arrived = [(arrival, each) for arrival, each in found if arrival is not None]
    if len(arrived) < len(found):
        return inputs
    return [each for _, each in sorted(arrived, key=itemgetter(0))]


def _refuse_mixed(inputs: Sequence[Input]) -> None:
    first = inputs[0]
    for each in inputs[1:]:
        if each.has_records != first.has_records:
            with_records, without = (each, first) if each.has_records else (first, each)
            raise InputError(
                f"it has records with keys and timing, and {without.name} has none",
                place=with_records.name,
                advice=_APART,
            )
        if each.has_records and each.kind is not first.kind and each.kind and first.kind:
            raise InputError(
                f"it has records of {each.kind.title}, and {first.name} of {first.kind.title}",
                place=each.name,
                advice=_APART,
            )


_APART = "Name a narrower folder, prefix or pattern, of files of one kind."


def allow_inputs(inputs: int) -> None:
    """Let this process open the files of so many inputs, as far as the system allows."""
    count = _FILES_OF_EACH * inputs + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= count:
        return
    most = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if most > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
