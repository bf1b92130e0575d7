"""The JSON Schemas of what the commands print; `make docs` makes them from `show/shapes`."""

from difflib import get_close_matches
from pathlib import Path

from kinesis_cli.errors import InputError

FOLDER = Path(__file__).with_name("json_schemas")
_OF_LINES = ".ndjson"


def known_schemas() -> list[str]:
    """The commands whose output has one, in order of the alphabet."""
    names = {file.stem.removesuffix(_OF_LINES) for file in FOLDER.glob("*.json")}
    return sorted(name.replace("-", " ") if name.startswith("local-") else name for name in names)


def schema_text(command: str, output: str) -> str:
    """The schema of a command's output.

    Args:
        command: "simulate", "local status".
        output: "json": of the document. "ndjson": of one line.

    Raises:
        InputError: there is none.
    """
    known = known_schemas()
    if command not in known:
        near = get_close_matches(command, known, n=1)
        suggestion = f"Did you mean `kcli schema {near[0]}`? " if near else ""
        raise InputError(
            f"no JSON of '{command}' is described",
            advice=f"{suggestion}`kcli schema` lists what there is.",
        )
    name = command.replace(" ", "-")
    document, line = FOLDER / f"{name}.json", FOLDER / f"{name}{_OF_LINES}.json"
    if output == "json" and not document.exists():
        raise InputError(
            f"`kcli {command}` prints no JSON document, but a line for each thing that it shows",
            advice=f"`kcli schema {command} --output ndjson` prints the schema of a line.",
        )
    # what prints one document prints the same on a line
    return (line if output == "ndjson" and line.exists() else document).read_text()
