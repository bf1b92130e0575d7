"""Whether what kcli prints as JSON is what its schemas say: asked of each run of the tests."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from kinesis_cli.manual.schemas import known_schemas, schema_text

MAX_LINES = 200  # that are looked at of a long output, from both ends
MAX_SIZE = 1 << 20  # bytes of a document that is looked at


def assert_described(arguments: Sequence[str], printed: str) -> None:
    """Compare what a command has printed with its schema, where it printed JSON."""
    command, output = _asked(arguments)
    if output not in ("json", "ndjson") or command == "schema" or not printed:
        return
    assert command in known_schemas(), f"show/shapes does not say what `kcli {command}` prints"
    texts = printed.splitlines() if output == "ndjson" else [printed]
    if output == "ndjson" and len(texts) > MAX_LINES:
        texts = texts[: MAX_LINES // 2] + texts[-MAX_LINES // 2 :]
    for text in texts:
        if len(text) <= MAX_SIZE:
            problem = why_not(command, output, json.loads(text))
            assert not problem, f"`kcli {' '.join(arguments)}`: {problem}"


def why_not(command: str, output: str, document: object) -> str:
    """Why a document does not fit the schema of a command's output; empty: it does."""
    error = best_match(_validator(command, output).iter_errors(document))
    if error is None:
        return ""
    if error.validator == "anyOf" and "type" in (document if isinstance(document, dict) else {}):
        error = _of_its_type(command, output, document) or error
    return f"{error.json_path}: {error.message[:2000]}"


def _of_its_type(command: str, output: str, document: Any) -> Any:  # noqa: ANN401 - untyped
    """Of several shapes, the error of the one that has the document's `type`."""
    whole = _validator(command, output).schema
    for definition in whole["$defs"].values():
        named = definition["properties"].get("type", {})
        if document["type"] in named.get("enum", [named.get("const")]):
            alone = {**definition, "$defs": whole["$defs"]}
            return best_match(Draft202012Validator(alone).iter_errors(document))
    return None


@cache
def _validator(command: str, output: str) -> Any:  # noqa: ANN401 - untyped
    schema = json.loads(schema_text(command, output))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def _asked(arguments: Sequence[str]) -> tuple[str, str]:
    """The command, and what `--output` says: "local status", "json"."""
    words = [*arguments]
    output = next((each[9:] for each in words if each.startswith("--output=")), "")
    if "--output" in words[:-1]:
        output = words[words.index("--output") + 1]
    length = 2 if words[:1] == ["local"] else 1
    return " ".join(words[:length]), output
