"""Where the code of a template's function is: a folder, a file, in the template, or not here."""

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from zipfile import is_zipfile

from kinesis_cli.errors import InputError
from kinesis_cli.project.functions.choosing import all_functions
from kinesis_cli.project.functions.code_cache import folder_of_inline, folder_of_zip
from kinesis_cli.project.functions.context import Reading
from kinesis_cli.project.surroundings.files import (
    JAVASCRIPT,
    TYPESCRIPT,
    files_below,
    handler_below,
)
from kinesis_cli.project.template.resources import SAM_FUNCTION
from kinesis_cli.project.template.values import Json, first_unresolved


class CodeNotHereError(InputError):
    """A function's code is not on this machine; a handler that the user names does without."""


_PACKED = (".zip", ".jar")
_SOURCES = (".py", ".js", ".mjs", ".cjs")


def code_folder(reading: Reading) -> Path:
    """The folder of the function's code; inline code and a zip are unpacked into one.

    Of code that is a single file it is the folder where that lies.

    Raises:
        InputError: the code is not on this machine, or no handler is named.
    """
    if reading.value("PackageType") == "Image":
        raise CodeNotHereError(
            "is a container image, kcli runs functions whose code is a folder",
            place=reading.place,
            advice=_advice(reading, _handler_of_image(reading)),
        )
    if reading.value("Handler") is None:
        raise CodeNotHereError("has no Handler", place=reading.place, advice=_advice(reading))
    if (inline := _inline(reading)) is not None:
        return folder_of_inline(inline, _inline_file(reading), reading.place)
    path = _path(reading)
    if path.is_dir():
        return path
    if path.is_file() and (path.suffix.lower() in _PACKED or is_zipfile(path)):
        return folder_of_zip(path, reading.place)
    if path.is_file() and (path.suffix in _SOURCES or _is_compiled(reading)):
        return _folder_of_file(path, reading)
    raise CodeNotHereError(
        f"its code is {path}, which is neither a folder nor a zip nor a source file",
        place=reading.place,
        advice=_advice(reading),
    )


def _folder_of_file(path: Path, reading: Reading) -> Path:
    """The folder of code that is one file; such a file is zipped where the template is packaged.

    Source: https://docs.aws.amazon.com/cli/latest/reference/cloudformation/package.html
    """
    reading.note(f"On AWS its code is {path.name} alone, without what lies beside it.")
    return path.parent


def _inline(reading: Reading) -> str | None:
    """The code that stands in the template; None: it does not.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html
    """
    raw = reading.properties.get("InlineCode")
    if raw is None:
        code = reading.template.choose(reading.properties.get("Code"))
        raw = code.get("ZipFile") if isinstance(code, Mapping) else None
    text = reading.template.resolve(raw)
    if unresolved := first_unresolved(text):
        raise InputError(
            f"its inline code cannot be read: {unresolved.reason}", place=reading.place
        )
    return text if isinstance(text, str) else None


def _inline_file(reading: Reading) -> str:
    """The file that Lambda puts inline code into."""
    return "index.js" if str(reading.value("Runtime", "")).startswith("nodejs") else "index.py"


def code_path(reading: Reading) -> Path | None:
    """The folder or file that the template names, there or not; None: it is not on this machine."""
    _, code = _written(reading)
    beside = reading.template.path.parent
    if found := _artefact(beside, code):
        return found
    is_here = isinstance(code, str) and not code.startswith("s3://")
    return (beside / str(code)).resolve() if is_here else None


def _written(reading: Reading) -> tuple[str, object]:
    """What the template says of the code, and in which member.

    CDK names an asset in `Metadata`; packaged templates name a key of a bucket, whose file lies
    beside them (CDK without that metadata, the Serverless Framework).
    """
    resource = reading.template.resource(reading.logical_id) or {}
    metadata = resource.get("Metadata")
    asset = metadata.get("aws:asset:path") if isinstance(metadata, Mapping) else None
    member = "CodeUri" if resource.get("Type") == SAM_FUNCTION else "Code"
    return member, asset or reading.template.resolve(reading.properties.get(member, "."))


def _path(reading: Reading) -> Path:
    """The folder or file of the code."""
    member, code = _written(reading)
    beside = reading.template.path.parent
    if found := _artefact(beside, code):
        return found
    if unresolved := first_unresolved(code):
        raise CodeNotHereError(
            f"has code that is not on this machine: {unresolved.reason}",
            place=reading.place,
            advice=_advice(reading),
        )
    if not isinstance(code, str) or code.startswith("s3://"):
        raise CodeNotHereError(
            f"has code that is not on this machine: {member} is {json.dumps(code, default=str)}",
            place=reading.place,
            advice=_advice(reading),
        )
    path = (beside / code).resolve()
    if not path.exists():
        raise CodeNotHereError(
            f"{member} names {code}, and there is no {path}",
            place=reading.place,
            advice=_advice(reading, is_built=path.suffix in _PACKED or _is_compiled(reading)),
        )
    return path


def _artefact(beside: Path, code: object) -> Path | None:
    """The file of a bucket's object, where it lies beside the template."""
    match code:
        case {"S3Key": str(key)} | {"Key": str(key)}:
            pass
        case str() if code.startswith("s3://"):
            key = code
        case _:
            return None
    name = key.rpartition("/")[2]
    stem = name.removesuffix(".zip")
    candidates = [beside / f"asset.{stem}", beside / f"asset.{name}", beside / name]
    return next((each.resolve() for each in candidates if name and each.exists()), None)


def _advice(reading: Reading, handler: str = "", *, is_built: bool = False) -> str:
    """How the code is named, whatever the template says of it; that it is built, where it is."""
    runtime = str(reading.value("Runtime", "python"))
    if is_built and _is_compiled(reading):
        return "Build it first."
    handler = handler or _handler_here(reading, runtime)
    if not handler:
        return "Name another template with --template."
    root = reading.template
    while root.parent is not None:
        root = root.parent.template
    function = f" --function {reading.logical_id}" if len(all_functions(root)) > 1 else ""
    begin = "Build it first, or name" if is_built else "Name"
    end = ", in the folder of the built project" if "::" in handler else ""
    named = f"--template {_shown(root.path)}{function} --handler {handler}"
    return f"{begin} its code with {named}{end}."


def _handler_here(reading: Reading, runtime: str) -> str:
    """What `--handler` takes for this function, with the file of its code where that is found."""
    handler = str(reading.value("Handler", ""))
    below = reading.template.path.parent
    if runtime.startswith("java"):
        return handler if "::" in handler else f"{handler}::handleRequest"
    if runtime.startswith(("provided", "go")):
        return "path/bootstrap"
    if not runtime.startswith(("python", "nodejs")):
        return ""
    suffixes = (".py",) if runtime.startswith("python") else (*JAVASCRIPT, *TYPESCRIPT)
    return _found(below, handler, suffixes) or f"path/file{suffixes[0]}:function"


def _found(below: Path, handler: str, suffixes: tuple[str, ...]) -> str:
    """The file of a handler, and its function: "src/app.py:handler"; "": there is none."""
    module, _, name = handler.rpartition(".")
    stem = re.split(r"[./]", module)[-1]
    files = [file for file in files_below(below) if file.suffix in suffixes and file.stem == stem]
    if files and name:
        nearest = min(files, key=lambda file: len(file.parts))
        return f"{_shown(nearest.resolve())}:{name}"
    guessed = handler_below(below) or ""
    file, _, name = guessed.rpartition(":")
    return f"{_shown((below / file).resolve())}:{name}" if file.endswith(suffixes) else ""


def _is_compiled(reading: Reading) -> bool:
    """Whether the code is not what its author writes."""
    return not str(reading.value("Runtime", "python")).startswith(("python", "nodejs", "ruby"))


def _shown(path: Path) -> str:
    """A path as a user would write it here."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def _handler_of_image(reading: Reading) -> str:
    """The handler that a container image would call, where its source is found."""
    resource = reading.template.resource(reading.logical_id) or {}
    metadata = resource.get("Metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    context = reading.template.path.parent / str(metadata.get("DockerContext", "."))
    command = reading.template.resolve(
        reading.template.choose(reading.properties.get("ImageConfig"))
    )
    match command:
        case {"Command": [str(handler), *_]}:
            pass
        case _:
            handler = _command_of_dockerfile(context, metadata)
    suffixes = (".py", *JAVASCRIPT, *TYPESCRIPT)
    return _found(context, handler, suffixes) or "path/file.py:function"


def _command_of_dockerfile(context: Path, metadata: Json) -> str:
    try:
        text = (context / str(metadata.get("Dockerfile", "Dockerfile"))).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    commands = re.findall(r"""^\s*CMD\s*\[\s*["']([\w./-]+)["']""", text, re.MULTILINE)
    return commands[-1] if commands else ""
