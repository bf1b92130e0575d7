"""What became of one record, in steps: which calls took it, and how it ended under each mapping."""

from collections.abc import Iterable, Sequence

from kinesis_cli.following.fact import Fact
from kinesis_cli.local.live_page.calls import call_row
from kinesis_cli.stream.escaping import escape

WAITING, CALLED, NOT_KNOWN = "waiting", "in the function", "not known"
NOBODY = "not delivered to any function"
# What is told of a record that several mappings read, where they came to different ends.
_FIRST_TOLD = (CALLED, WAITING, NOT_KNOWN, "discarded", "expired", "filtered", "handled")


def life(
    facts: Sequence[Fact], mappings: Iterable[tuple[str, str]], *, missed: bool
) -> dict[str, object]:
    """The life of a record.

    Args:
        facts: what is known of it, in order.
        mappings: those that read its stream: UUID and function.
        missed: whether there was more, which is not known any more.
    """
    of_facts = {each.mapping: each.function for each in facts}  # one may be gone since
    functions = {**of_facts, **dict(mappings)}
    ends = {
        uuid: _end([each for each in facts if each.mapping == uuid], missed=missed)
        for uuid in functions
    }
    all_ends = set(ends.values())
    return {
        "calls": [call_row(each) for each in facts if each.what == "called"],
        "steps": [{"at": each.at, "what": escape(_said(each))} for each in facts],
        "ended": next((each for each in _FIRST_TOLD if each in all_ends), NOBODY),
        "endings": [
            {"function": escape(functions[uuid]), "ended": end} for uuid, end in ends.items()
        ],
    }


def _end(facts: Sequence[Fact], *, missed: bool) -> str:
    """How it ended under one mapping, or where it is."""
    for fact in reversed(facts):
        if fact.what == "ended":
            return fact.outcome
    if not facts:
        return NOT_KNOWN if missed else WAITING
    return CALLED if facts[-1].what == "calling" else WAITING


def _said(fact: Fact) -> str:
    """A fact in words."""
    count = len(fact.sequence_numbers)
    others = "alone" if count == 1 else f"with {count - 1:,} other{'' if count == 2 else 's'}"
    attempt = f", attempt {fact.attempt}" if fact.attempt > 1 else ""
    match fact.what:
        case "opened":
            return f"{fact.function}: taken apart, {fact.attempt:,} records are in it"
        case "calling":
            return f"{fact.function}: handed over {others}{attempt}"
        case "called":
            is_said = not fact.error or fact.error in fact.reason
            error = "" if is_said else f" ({fact.error})"
            return f"{fact.function}: {fact.outcome}{error}, {fact.reason}"
        case "notCalled":
            return f"{fact.function}: not called{attempt}, {fact.reason}"
    to = f", document sent to {fact.destination.rpartition(':')[2]}" if fact.destination else ""
    if fact.error:
        to = f"{to}, which did not take it: {fact.error}"
    why = f", {fact.reason}" if fact.reason else ""
    return f"{fact.function}: {fact.outcome}{why}{to}"
