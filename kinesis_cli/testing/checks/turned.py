"""JSON with the members of its objects in reverse: they have no order."""

import json


def reversed_members(data: bytes) -> bytes:
    """Return an object with its members in reverse; anything else as it is."""
    try:
        text = data.decode()  # other encodings, which Python would recognise, are not JSON
        value = json.loads(text, parse_int=_Number, parse_float=_Number, object_pairs_hook=_Pairs)
        if not isinstance(value, _Pairs) or _repeats(value):
            return data
        return _text(value).encode()
    except (ValueError, RecursionError):
        return data


class _Number(str):
    """A number as it was written."""


class _Pairs(list[tuple[str, object]]):
    """The members of an object."""


def _repeats(value: object) -> bool:
    if isinstance(value, _Pairs):
        names = [name for name, _ in value]
        return len(set(names)) < len(names) or any(_repeats(member) for _, member in value)
    return isinstance(value, list) and any(map(_repeats, value))


def _text(value: object) -> str:
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, _Pairs):
        members = (f"{json.dumps(name)}: {_text(member)}" for name, member in reversed(value))
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    return json.dumps(value)
