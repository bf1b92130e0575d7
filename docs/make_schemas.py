"""Writes the JSON Schemas of what kcli prints, and their page, from `show/shapes`: `make docs`.

With ``-`` and a name, that file goes to standard output instead; a test compares them.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from kinesis_cli.show.shapes.base import REFERENCE
from kinesis_cli.show.shapes.of_commands import AS_AWS, PRINTED, Shapes
from kinesis_cli.show.shapes.words import WORDS

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "kinesis_cli" / "manual" / "json_schemas"
PAGE = ROOT / "docs" / "json-shapes.md"
DRAFT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def schemas() -> dict[str, Schema]:
    """Each schema by its file's name: "simulate.json", "simulate.ndjson.json"."""
    made = {}
    for command, printed in PRINTED.items():
        name = command.replace(" ", "-")
        if printed.documents:
            title = f"kcli {command} --output json"
            made[f"{name}.json"] = schema(title, printed.documents)
        if printed.rows:
            title = f"a line of kcli {command} --output ndjson"
            made[f"{name}.ndjson.json"] = schema(title, printed.rows)
    return made


def schema(title: str, shapes: Shapes) -> Schema:
    """A schema that any one of some shapes fits."""
    any_of, parts = _components(shapes)
    for part in parts.values():
        for name, member in part["properties"].items():
            if "$ref" not in member:  # what it refers to is described there
                member.setdefault("description", WORDS.get(name, ""))
    head = any_of[0] if len(any_of) == 1 else {"anyOf": list(any_of)}
    return {"$schema": DRAFT, "title": title, **head, "$defs": parts}


def _components(shapes: Shapes) -> tuple[list[Schema], dict[str, Schema]]:
    """A reference to each shape, and all objects in them by their titles."""
    needed = [*shapes]
    while True:
        found, parts = msgspec.json.schema_components(needed, ref_template=REFERENCE + "{name}")
        enums = {title: parts.pop(title) for title in [*parts] if "enum" in parts[title]}
        parts = {title: _plain(part, enums) for title, part in parts.items()}
        missing = {_title(each) for each in _references(parts)} - {*parts}
        if not missing:
            return list(found[: len(shapes)]), parts
        needed += [AS_AWS[title] for title in sorted(missing)]


def _plain(part: Any, enums: Mapping[str, Schema]) -> Any:  # noqa: ANN401 - any JSON
    """A part of a schema: an enum's values in its place, a document of AWS's as its reference."""
    match part:
        case {"$ref": str() as reference, **others} if reference.removeprefix(REFERENCE) in enums:
            values = enums[reference.removeprefix(REFERENCE)]["enum"]
            return {**others, "enum": values}
        case {"$ref": str() as reference, "type": "object", **others}:
            return {**others, "$ref": reference}
        case dict():
            return {name: _plain(member, enums) for name, member in part.items()}
        case list():
            return [_plain(member, enums) for member in part]
        case _:
            return part


def _references(part: Any) -> Iterator[Schema]:  # noqa: ANN401 - any JSON
    if isinstance(part, dict) and "$ref" in part:
        yield part
    for member in (
        part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    ):
        yield from _references(member)


def page(made: Mapping[str, Schema]) -> str:
    """The page of all schemas."""
    parts = [HEAD.strip()]
    shared = _shared(made)
    told = {*shared}
    for command, printed in PRINTED.items():
        name = command.replace(" ", "-")
        parts.append(f"## kcli {command}")
        for file, said in ((f"{name}.json", "json"), (f"{name}.ndjson.json", "ndjson")):
            if file not in made:
                continue
            which = [_title(each) for each in _alternatives(made[file])]
            parts.append(f"`--output {said}`{_words(which, is_line=said == 'ndjson')}")
            for title, definition in made[file]["$defs"].items():
                if title not in told:
                    parts += _object(title, definition)
            told |= {*made[file]["$defs"]}
        if not printed.rows and command not in NOT_ON_A_LINE:
            parts.append("`--output ndjson`: the same, on one line.")
    parts.append("## In several")
    for title, definition in sorted(shared.items()):
        parts += _object(title, definition)
    return "\n\n".join(parts) + "\n"


HEAD = """
# JSON shapes

Made by `make docs` from the classes that kcli prints, `kinesis_cli/show/shapes`.

What each command prints with `--output json`, and what stands on a line of `--output ndjson`. The
same as [JSON Schema](https://json-schema.org) 2020-12 comes with kcli: `kcli schema simulate`
prints that of a document, `kcli schema simulate --output ndjson` that of a line, and
`kcli schema` lists them. The schemas are strict, those of the very kcli that prints them: a
document has no member that its schema does not name. A later kcli may add members; one that goes,
or changes its meaning, raises `version`.
"""
NOT_ON_A_LINE = ("lint",)  # its other outputs are SARIF, annotations and diffs


def _shared(made: Mapping[str, Schema]) -> dict[str, Schema]:
    """What stands in schemas of several commands, by title."""
    homes: dict[str, set[str]] = {}
    found: dict[str, Schema] = {}
    for file, one in made.items():
        for title, definition in one["$defs"].items():
            homes.setdefault(title, set()).add(file.partition(".")[0])
            found[title] = definition
    return {title: found[title] for title, commands in homes.items() if len(commands) > 1}


def _alternatives(one: Schema) -> list[Schema]:
    return one.get("anyOf", [one])


def _title(reference: Schema) -> str:
    return str(reference["$ref"]).removeprefix(REFERENCE)


def _words(titles: list[str], *, is_line: bool) -> str:
    links = [f"[{title}](#{title.lower()})" for title in titles]
    what = "each line is" if is_line else "the document is"
    return f": {what} {'one of ' if len(links) > 1 else ''}{', '.join(links)}."


def _object(title: str, definition: Schema) -> Iterator[str]:
    yield f"### {title}"
    yield str(definition["description"])
    required = definition.get("required", ())
    rows = ["| member | value | |", "|---|---|---|"]
    for name, member in definition["properties"].items():
        says = str(member.get("description", "")).replace("|", "\\|")
        if name not in required:
            says = f"{says} May be absent.".strip()
        rows.append(f"| `{name}` | {_type(member)} | {says} |")
    yield "\n".join(rows)


def _type(member: Schema) -> str:
    match member:
        case {"$ref": _}:
            title = _title(member)
            return f"[{title}](#{title.lower()})"
        case {"anyOf": several} | {"allOf": several}:
            return " or ".join(map(_type, several))
        case {"enum": values}:
            return ", ".join(f"`{json.dumps(value)}`" for value in values)
        case {"const": value}:
            return f"`{json.dumps(value)}`"
        case {"type": "array", "items": {**items}}:
            return f"list of {_type(items)}" if items else "list"
        case {"type": "object", "additionalProperties": {**values}} if values:
            return f"object of {_type(values)}"
        case {"type": kind}:
            return str(kind)
        case _:
            return "any"


def files() -> dict[Path, str]:
    """Each file that is made, with its text."""
    made = schemas()
    texts = {SCHEMAS / name: json.dumps(one, indent=1) + "\n" for name, one in made.items()}
    return {**texts, PAGE: page(made)}


if __name__ == "__main__":
    SCHEMAS.mkdir(exist_ok=True)
    for old in SCHEMAS.glob("*.json"):
        old.unlink()
    for path, text in files().items():
        path.write_text(text)
    sys.stdout.write(f"{len(files())} files\n")
