"""How a record ended, as a sentence."""

from kinesis_cli.following.followed import Followed

_WORDS: dict[str, str] = {"notTold": "not told"}
_TIMES = {1: "once", 2: "twice"}


def ending_cell(row: Followed) -> str:
    """How it ended, in a word or two."""
    return _WORDS.get(row.ended, row.ended)


def ending_in_words(row: Followed) -> str:
    """How it ended and why, without its number."""
    parts = [_how(row)]
    if row.reported:
        parts.append(f"reported {_times(row.reported)}")
    elif row.ended == "discarded" and row.others_reported and not row.error:
        parts.append("given up with its batch, though never reported itself")
    if row.reason and (row.ended != "handled" or row.records > 1):
        parts.append(row.reason)
    if row.error and row.error not in row.reason:
        parts.append(f"last error {first_line(row.error)}")
    if row.destination:
        name = row.destination.rpartition(":")[2] or row.destination
        refused = f"{name} did not take its document: {row.problem}"
        parts.append(refused if row.problem else f"document sent to {name}")
    elif row.ended == "discarded":
        parts.append("no document: the mapping has no on-failure destination")
    return "; ".join(parts)


def _how(row: Followed) -> str:
    word = ending_cell(row)
    if row.deliveries is None:
        return word
    many = row.deliveries
    if row.ended in ("filtered", "dropped") and not many:
        return "matches no filter" if row.ended == "filtered" else "dropped"
    if row.ended == "handled":
        return f"handled at delivery {many}"
    text = f"{word} after {many:,} deliver{'y' if many == 1 else 'ies'}" if many else word
    if row.ended == "called":
        text = f"called {_times(many)}, the last time without an error in its log"
    return text


def _times(count: int) -> str:
    return _TIMES.get(count, f"{count:,} times")


def first_line(text: str) -> str:
    """The beginning of an error's text."""
    return text.split("\n", 1)[0][:200]
