"""What `sam build` has made of a function or a layer, where that is the code that would run.

As `sam local` does: a build that is not older than the template is used.

Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-cli-command-reference-sam-build.html
"""

import os
from collections.abc import Iterator
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.project.functions.context import Reading
from kinesis_cli.project.template.template import Template

BUILT_TEMPLATE = Path(".aws-sam", "build", "template.yaml")
_MEMBERS = ("CodeUri", "ContentUri", "Code", "Content")
_NO_SOURCES = frozenset({"__pycache__", "node_modules", "venv", "target"})


def built_folder(reading: Reading, logical_id: str, source: Path) -> Path | None:
    """The folder that a build has made of a resource; None: there is no build of use.

    Args:
        reading: of the function; told what a user must know of the build.
        logical_id: the resource's, of the function or a layer.
        source: the resource's folder in the template itself.
    """
    template = reading.template
    built = template.path.parent / BUILT_TEMPLATE
    if template.parent is not None or built == template.path or not built.is_file():
        return None
    made_at = built.stat().st_mtime
    if made_at < template.path.stat().st_mtime:
        reading.note(
            f"the build in {BUILT_TEMPLATE.parent} is older than the template, so the sources run; "
            "`sam build` makes it anew."
        )
        return None
    folder = _folder(built, logical_id)
    if folder is None:
        return None
    if changed := _changed_since(source, made_at):
        reading.note(
            f"the build in {BUILT_TEMPLATE.parent} runs, and {changed} is newer: `sam build` makes "
            "it anew, --no-build runs the sources."
        )
    return folder


def _folder(built: Path, logical_id: str) -> Path | None:
    try:
        resource = Template.read(built).resource(logical_id)
    except InputError:
        return None  # a build that was broken off
    properties = (resource or {}).get("Properties")
    if not isinstance(properties, dict):
        return None
    path = next((properties[name] for name in _MEMBERS if name in properties), None)
    folder = built.parent / path if isinstance(path, str) else None
    return folder.resolve() if folder is not None and folder.is_dir() else None


def _changed_since(folder: Path, moment: float) -> str:
    """A file that is newer than `moment`, by its name in the folder; "": there is none."""
    for file in _sources(str(folder)):
        if file.stat().st_mtime > moment:
            return os.path.relpath(file.path, folder)
    return ""


def _sources(folder: str) -> Iterator["os.DirEntry[str]"]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name in _NO_SOURCES:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _sources(entry.path)
        elif entry.is_file():
            yield entry
