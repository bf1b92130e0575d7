"""Node.js: AWS's own runtime client where the project has it, else kcli's (`node_runtime/`)."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.handlers.environment import lambda_variables
from kinesis_cli.handlers.isolated.runtimes.command import RuntimeCommand
from kinesis_cli.handlers.isolated.runtimes.esbuild import Bundle, node_modules
from kinesis_cli.project.function import Function
from kinesis_cli.project.surroundings.files import JAVASCRIPT, TYPESCRIPT

_OWN_CLIENT = Path(__file__).parent / "node_runtime" / "main.cjs"
_EXTENSIONS = (*JAVASCRIPT, "")


def nodejs_command(function: Function) -> RuntimeCommand:
    """`node` with a runtime client.

    Raises:
        InputError: there is no Node.js, or the handler's file is TypeScript that was not built,
            and cannot be.
    """
    is_built = _has_javascript(function)
    if not is_built and function.esbuild is None:
        _refuse_typescript(function)
    node, release = _node()
    client, client_name = _client(function.code_uri)
    bundle = None if is_built or function.esbuild is None else Bundle(function)
    return RuntimeCommand(
        arguments=(node, *_flags(function, release), str(client), function.handler),
        directory=function.code_uri if bundle is None else bundle.folder,
        variables={} if bundle is None else _of_bundle(function, bundle),
        rebuild=None if bundle is None else bundle.build,
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


def _of_bundle(function: Function, bundle: Bundle) -> dict[str, str]:
    """What tells the process where its code is, and the packages that are not in the bundle."""
    known = lambda_variables(function).get("NODE_PATH")
    modules = [*([known] if known else []), *node_modules(function.code_uri)]
    return {"LAMBDA_TASK_ROOT": str(bundle.folder), "NODE_PATH": ":".join(modules)}


def _module(function: Function) -> Path:
    """The handler's file, without its extension."""
    folder, _, name = function.handler.rpartition("/")
    return function.code_uri / folder / name.partition(".")[0]


def _has_javascript(function: Function) -> bool:
    module = _module(function)
    return any(module.with_name(module.name + each).is_file() for each in _EXTENSIONS)


def _refuse_typescript(function: Function) -> None:
    module = _module(function)
    for extension in TYPESCRIPT:
        file = module.with_name(module.name + extension)
        if file.is_file():
            raise InputError(
                "is TypeScript, which Lambda does not run",
                place=str(file),
                advice="Build it first (sam build, or tsc), or let the template say "
                "BuildMethod: esbuild.",
            )
