"""Wildcards: texts with asterisks that stand for any characters.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from collections.abc import Callable, Iterable

# UNSURE(wildcard-complexity): AWS refuses "too complex" wildcards and does not say from where on.
# Its matcher's own measure is the number of beginnings that one text can match at a time; it calls
# 10 a limit for one rule, reports of 8 are accepted ones, of 16 refused ones.
# https://github.com/aws/event-ruler#matching-with-a-machine
MAX_COMPLEXITY = 10
_MAX_STEPS = 20_000  # of the search for a text that shows it

_ANY = None  # in a list of characters: an asterisk


def wildcard(pattern: str) -> Callable[[str], bool]:
    """Compile a wildcard to a test in linear time.

    Each piece between asterisks is looked for behind the one before.

    Raises:
        ValueError: two asterisks in a row, or another escape than those of * and \\.
    """
    pieces = _pieces(pattern)
    if len(pieces) == 1:
        return lambda text: text == pieces[0]
    first, *middle, last = pieces

    def test(text: str) -> bool:
        if not text.startswith(first):
            return False
        position = len(first)
        for piece in middle:
            found = text.find(piece, position)
            if found < 0:
                return False
            position = found + len(piece)
        return len(text) - position >= len(last) and text.endswith(last)

    return test


def are_too_complex(patterns: Iterable[str]) -> bool:
    """Return whether one text can match more beginnings of these wildcards than AWS allows.

    "*a" can be in two places within "a": its asterisk may go on, or the "a" be the last.
    """
    symbols = [_symbols(pattern) for pattern in patterns]
    alphabet = {symbol for each in symbols for symbol in each if symbol is not _ANY}
    start = frozenset((number, 0) for number in range(len(symbols)))
    if len(start) > MAX_COMPLEXITY:
        return True
    seen, waiting = {start}, [start]
    while waiting and len(seen) <= _MAX_STEPS:
        places = waiting.pop()
        for character in alphabet:
            reached = frozenset(_step(symbols, places, character))
            if len(reached) > MAX_COMPLEXITY:
                return True
            if reached not in seen:
                seen.add(reached)
                waiting.append(reached)
    return False


_Place = tuple[int, int]  # a wildcard, and how many of its symbols are matched


def _step(
    symbols: list[list[str | None]], places: Iterable[_Place], character: str
) -> Iterable[_Place]:
    for number, matched in places:
        pattern = symbols[number]
        if matched and pattern[matched - 1] is _ANY:
            yield number, matched  # the asterisk goes on
        if matched == len(pattern):
            continue
        if pattern[matched] == character:
            yield number, matched + 1
            if pattern[matched + 1 : matched + 2] == [_ANY]:
                yield number, matched + 2
        elif pattern[matched] is _ANY:
            yield number, matched + 1
            if pattern[matched + 1 : matched + 2] == [character]:
                yield number, matched + 2


def _symbols(pattern: str) -> list[str | None]:
    symbols: list[str | None] = []
    for number, piece in enumerate(_pieces(pattern)):
        symbols += ([_ANY] if number else []) + list(piece)
    return symbols


def _pieces(pattern: str) -> list[str]:
    """The literal text between the asterisks, with `\\*` and `\\\\` resolved."""
    pieces = [""]
    characters = iter(enumerate(pattern))
    for position, character in characters:
        if character == "\\":
            _, escaped = next(characters, (0, ""))
            if escaped not in ("*", "\\"):
                raise ValueError(f"Invalid escape character at pos {_place(pattern, position)}")
            pieces[-1] += escaped
        elif character == "*":
            if pattern[position + 1 : position + 2] == "*":
                raise ValueError(
                    f"Consecutive wildcard characters at pos {_place(pattern, position)}"
                )
            pieces.append("")
        else:
            pieces[-1] += character
    return pieces


def _place(pattern: str, position: int) -> int:
    """A position as the matcher counts it: in bytes, behind a quotation mark."""
    return 1 + len(pattern[:position].encode(errors="replace"))
