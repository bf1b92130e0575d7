"""What is wrong with text that should be base64, as its author would see it."""

import re

_STANDARD, _URL_SAFE = re.compile(r"[A-Za-z0-9+/]*"), re.compile(r"[A-Za-z0-9+/_-]*")
_BASE64 = "In an event, write it as `base64 -w 0` does."
_PAYLOAD_LINES = "To read plain payload lines use --raw."


def why_not_base64(text: str) -> tuple[str, str]:
    """Return what keeps a text from being base64, and what to do about it.

    Args:
        text: what a decoder refused.
    """
    digits = "".join(text.split())
    is_broken = len(digits) < len(text)
    digits, padding = digits.rstrip("="), len(digits) - len(digits.rstrip("="))
    # one digit cannot stand alone; padding beyond what is missing is no slip
    if len(digits) % 4 == 1 or len(digits) + padding > len(digits) + -len(digits) % 4:
        return _another_text(text)
    if not _URL_SAFE.fullmatch(digits):
        return _another_text(text)
    faults: list[tuple[str, str]] = []
    if not _STANDARD.fullmatch(digits):
        found = " and ".join(repr(character) for character in "-_" if character in digits)
        faults.append(
            (
                f"it has {found} of the URL-safe alphabet",
                "write + for - and / for _, as Lambda does",
            )
        )
    if is_broken:
        faults.append(("it has line breaks or spaces", "write it as one line, like `base64 -w 0`"))
    if missing := -len(digits) % 4 - padding:
        faults.append(("its padding is missing", f"append {'=' * missing}"))
    if not faults:
        return _another_text(text)
    problems, advices = zip(*faults, strict=True)
    advice = ", and ".join(advices)
    sentence = f"{advice[0].upper()}{advice[1:]}."
    if not _is_likely(digits):
        sentence += f" {_PAYLOAD_LINES}"
    return f"not base64 as Lambda sends it: {', '.join(problems)}", sentence


def _another_text(text: str) -> tuple[str, str]:
    start = repr(text if len(text) <= 16 else text[:14]) if text else "an empty string"
    return f"not base64, it begins with {start}", f"{_PAYLOAD_LINES} {_BASE64}"


def _is_likely(digits: str) -> bool:
    """Return whether these are rather the digits of base64 than a word or two of plain text."""
    kinds = (str.isupper, str.islower, str.isdigit)
    return len(digits) >= 16 and all(any(map(kind, digits)) for kind in kinds)
