"""Node.js: AWS's own runtime client where the project has it, else kcli's (`node_runtime/`)."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.handlers.isolated.runtimes.command import RuntimeCommand
from kinesis_cli.project.function import Function

_OWN_CLIENT = Path(__file__).parent / "node_runtime" / "main.cjs"
_EXTENSIONS = (".js", ".mjs", ".cjs", "")


def nodejs_command(function: Function) -> RuntimeCommand:
    """`node` with a runtime client.

    Raises:
        InputError: there is no Node.js, or the handler's file is TypeScript that was not built.
    """
    _refuse_unbuilt_typescript(function)
    node, release = _node()
    client, client_name = _client(function.code_uri)
    return RuntimeCommand(
        arguments=(node, *_flags(function, release), str(client), function.handler),
        directory=function.code_uri,
        name=f"Node.js {release}",
        version=f"nodejs:{release}",
        client=client_name,
        notes=tuple(_notes(function.runtime, release)),
    )


def _node() -> tuple[str, str]:
    """The interpreter, and its release."""
    node = shutil.which("node")
    if node is None:
        raise InputError(
            "there is no Node.js on this machine",
            advice="Install it, and see that `node` is on the path.",
        )
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    release = asked.stdout.strip().removeprefix("v")
    if not re.fullmatch(r"\d+\.\d+\.\d+.*", release):
        raise InputError("does not say its version", place=f"{node} --version")
    return node, release


def _client(code: Path) -> tuple[Path, str]:
    """The runtime client, and its name and version."""
    for folder in (code, *code.parents):
        package = folder / "node_modules" / "aws-lambda-ric"
        try:
            described = json.loads((package / "package.json").read_text())
            start = package / described["bin"]["aws-lambda-ric"]
        except (OSError, ValueError, LookupError, TypeError):
            continue
        return start, f"aws-lambda-ric-{described.get('version', '')}"
    return _OWN_CLIENT, "kcli"


def _flags(function: Function, release: str) -> Iterator[str]:
    """What Lambda starts Node.js with.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
    """
    # UNSURE(node-memory): the shares of the heap, as in the copies of Lambda's bootstrap
    yield f"--max-semi-space-size={max(1, function.memory_size * 5 // 100)}"
    yield f"--max-old-space-size={function.memory_size * 90 // 100}"
    yield "--max-http-header-size=81920"
    options = function.environment.get("NODE_OPTIONS", "")
    if function.runtime not in ("nodejs20.x", "nodejs22.x") or not _has_module_flags(release):
        return
    for flag in ("require-module", "detect-module"):
        if f"--experimental-{flag}" not in options.split():
            yield f"--no-experimental-{flag}"


def _has_module_flags(release: str) -> bool:
    major, minor = map(int, release.split(".")[:2])
    return (major, minor) >= (22, 7) or (major == 20 and minor >= 19)


def _notes(runtime: str, release: str) -> Iterator[str]:
    wanted = runtime.removeprefix("nodejs").removesuffix(".x")
    if wanted and wanted != release.split(".")[0]:
        yield f"The template says {runtime}, and the Node.js here is {release}."


def _refuse_unbuilt_typescript(function: Function) -> None:
    module = function.handler.rpartition("/")[2].partition(".")[0]
    folder = function.code_uri / function.handler.rpartition("/")[0]
    if any((folder / f"{module}{extension}").is_file() for extension in _EXTENSIONS):
        return
    for extension in (".ts", ".mts", ".cts", ".tsx"):
        if (folder / f"{module}{extension}").is_file():
            raise InputError(
                "is TypeScript, which Lambda does not run",
                place=str(folder / f"{module}{extension}"),
                advice="Build it first: sam build, or tsc.",
            )
