"""Setting a member of a map in a template's text, and leaving all else as it is.

Every edit is checked: the new text must stand for the old document with that member set, and
nothing else. What cannot be done so is not done.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from kinesis_cli.errors import InputError
from kinesis_cli.lint.rule import Change, Path
from kinesis_cli.lint.text.document import Document
from kinesis_cli.lint.text.positions import Positions, Span

Edit: TypeAlias = tuple[int, int, str]  # from, to, what stands there then


def applied(document: Document, changes: Iterable[Change]) -> Document | None:
    """The text with changes made; None: one of them cannot be made here.

    Args:
        document: what is changed.
        changes: one after the other.
    """
    wanted = [_written(document, change) for change in changes]
    expected: object = document.document
    for change in wanted:
        expected = _set(expected, (*change.map, change.member), change.value)
        if expected is None:
            return None
    at_once = _at_once(document, wanted)
    if at_once is not None and _stands_for(at_once, expected):
        return at_once
    return _in_turn(document, wanted)


def _written(document: Document, change: Change) -> Change:
    value = change.value if document.is_json else _short_forms(change.value)
    return replace(change, value=value)


def _at_once(document: Document, changes: list[Change]) -> Document | None:
    """The text with the most natural edit of each change; they lie in different places mostly."""
    edits = [next(iter(_edits(document.positions, change)), None) for change in changes]
    if None in edits:
        return None
    text = document.text
    # from the end, so that the places before stay; at one place the last one first
    numbered = [(edit[0], number, edit) for number, edit in enumerate(edits) if edit]
    for _, _, (start, end, new) in sorted(numbered, reverse=True):
        text = text[:start] + new + text[end:]
    return document.with_text(text)


def _in_turn(document: Document, changes: list[Change]) -> Document | None:
    for change in changes:
        expected = _set(document.document, (*change.map, change.member), change.value)
        for start, end, new in _edits(document.positions, change):
            changed = document.with_text(document.text[:start] + new + document.text[end:])
            if _stands_for(changed, expected):
                document = changed
                break
        else:
            return None
    return document


def _stands_for(document: Document, expected: object) -> bool:
    try:
        if document.is_json:  # whose size was looked at already
            return json.loads(document.text) == expected  # type: ignore[no-any-return]
        return document.document == expected
    except (InputError, ValueError, RecursionError):
        return False


def _set(value: object, path: Path, new: object) -> object | None:
    """A document with one value set, shared parts of it untouched; None: there is no such map."""
    name, *rest = path
    if isinstance(value, list) and isinstance(name, int) and name < len(value) and rest:
        inner = _set(value[name], tuple(rest), new)
        return None if inner is None else [*value[:name], inner, *value[name + 1 :]]
    if not isinstance(value, Mapping):
        return None
    if not rest:
        return {**value, str(name): new}
    inner = _set(value.get(str(name)), tuple(rest), new)
    return None if inner is None else {**value, str(name): inner}


def _short_forms(value: object) -> object:
    """`{"Fn::GetAtt": ["A", "Arn"]}`, as JSON has it, as YAML's `!GetAtt A.Arn` is loaded."""
    match value:
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return {"Fn::GetAtt": f"{name}.{attribute}"}
        case Mapping():
            return {name: _short_forms(member) for name, member in value.items()}
        case list():
            return [_short_forms(each) for each in value]
    return value


def _edits(positions: Positions, change: Change) -> Iterator[Edit]:
    """Edits that may be the wanted one, the most natural first."""
    text, path = positions.text, (*change.map, change.member)
    there = positions.get(path)
    if there is not None:
        old = text[there.start : there.end]
        if there.form == "scalar" and not there.is_tagged and "\n" not in old:
            yield there.start, there.end, _inline(change.value, is_json=positions.is_json)
        return
    span = positions.get(change.map)
    if span is None:
        return
    children = positions.children(change.map)
    if span.form == "flow" and text[span.start] == "{":
        yield _into_flow(positions, span, children, change)
    elif span.form == "block" and children:
        block = _block(change.member, change.value, children[0].column - 1)
        newline = "\r\n" if "\r\n" in text else "\n"
        if change.map == ("Resources",) and f"{newline}{newline}" in text[span.start : span.end]:
            block = "\n" + block  # a line between resources, as between the others
        block = block.replace("\n", newline)
        yield _behind_line(text, span.last_line, block, newline)
        start = text.rfind("\n", 0, children[0].key_start) + 1
        yield start, start, block


def _behind_line(text: str, line: int, block: str, newline: str) -> Edit:
    lines = text.splitlines(keepends=True)
    at = sum(map(len, lines[:line]))
    if not text[:at].endswith("\n"):
        block = newline + block.removesuffix(newline)
    return at, at, block


def _into_flow(positions: Positions, span: Span, children: list[Span], change: Change) -> Edit:
    """A member behind the last one of `{…}`, set out as the others are."""
    text, is_json = positions.text, positions.is_json
    name = json.dumps(change.member) if is_json else change.member
    if not children:
        at = span.start + 1
        return at, at, f"{name}: {_inline(change.value, is_json=is_json)}"
    lead, at = text[span.start + 1 : children[0].key_start], children[-1].end
    if "\n" not in lead:
        return at, at, f", {name}: {_inline(change.value, is_json=is_json)}"
    indent = lead.rpartition("\n")[2]
    step = max(len(indent) - len(_indent_of(text, span.start)), 1)
    value = _inline(change.value, is_json=is_json, indent=indent, step=step)
    newline = "\r\n" if "\r\n" in lead else "\n"
    return at, at, f",\n{indent}{name}: {value}".replace("\n", newline)


def _indent_of(text: str, at: int) -> str:
    start = text.rfind("\n", 0, at) + 1
    match = re.match(r"[ \t]*", text[start:at])
    return match[0] if match else ""


def _inline(value: object, *, is_json: bool, indent: str = "", step: int = 0) -> str:
    """A value in one line; a large one of JSON in several."""
    if is_json:
        if not step or not isinstance(value, Mapping | list):
            return json.dumps(value)
        return json.dumps(value, indent=step).replace("\n", f"\n{indent}")
    match value:
        case {"Fn::GetAtt": str(attribute)}:
            return f"!GetAtt {attribute}"
        case {"Ref": str(name)}:
            return f"!Ref {name}"
        case Mapping():
            members = (f"{name}: {_inline(each, is_json=False)}" for name, each in value.items())
            return f"{{{', '.join(members)}}}"
        case list():
            return f"[{', '.join(_inline(each, is_json=False) for each in value)}]"
        case bool():
            return "true" if value else "false"
    return str(value)


def _block(name: str, value: object, indent: int) -> str:
    """A member of a block map, as lines."""
    pad = " " * indent
    if isinstance(value, Mapping) and not _is_intrinsic(value):
        inside = "".join(_block(each, member, indent + 2) for each, member in value.items())
        return f"{pad}{name}:\n{inside}"
    if isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        lines = "".join(_element(each, indent + 2) for each in value)
        return f"{pad}{name}:\n{lines}"
    return f"{pad}{name}: {_inline(value, is_json=False)}\n"


def _element(value: object, indent: int) -> str:
    if not isinstance(value, Mapping) or _is_intrinsic(value):
        return f"{' ' * indent}- {_inline(value, is_json=False)}\n"
    lines = "".join(_block(name, member, indent + 2) for name, member in value.items())
    return f"{' ' * indent}- {lines[indent + 2 :]}"


def _is_intrinsic(value: Mapping[object, object]) -> bool:
    return len(value) == 1 and str(next(iter(value))).startswith(("Ref", "Fn::"))
