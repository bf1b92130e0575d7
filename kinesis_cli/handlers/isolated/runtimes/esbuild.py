"""Bundling a function with the project's esbuild, as `sam build` does, into a folder of its own.

Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-using-build-typescript.html
"""

import atexit
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.project.function import Function

# SAM's name of a property → esbuild's option of one value
_OPTIONS = {
    "Charset": "charset",
    "Format": "format",
    "JSX": "jsx",
    "MainFields": "main-fields",
    "ResolveExtensions": "resolve-extensions",
    "SourcesContent": "sources-content",
    "Target": "target",
}
_SWITCHES = {"KeepNames": "keep-names", "Splitting": "splitting"}  # of true or false
_REPEATED = {"External": "external"}  # one option for each
_PAIRS = {
    "Alias": "alias",
    "Banner": "banner",
    "Define": "define",
    "Footer": "footer",
    "Loader": "loader",
    "OutExtension": "out-extension",
}  # NAME=VALUE, one option for each


class Bundle:
    """A function's code as esbuild makes it. The folder is removed when kcli ends.

    Args:
        function: one that the template lets esbuild bundle.

    Raises:
        InputError: there is no esbuild, or it refuses the code.
    """

    def __init__(self, function: Function) -> None:
        self._code = function.code_uri
        self._esbuild = _find(self._code)
        self.folder = Path(tempfile.mkdtemp(prefix="kcli-esbuild-"))
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self._arguments = list(_arguments(function.esbuild or {}))
        self.build()

    def build(self) -> None:
        """Make it anew.

        Raises:
            InputError: esbuild refuses the code.
        """
        command = [self._esbuild, *self._arguments, f"--outdir={self.folder}"]
        ended = subprocess.run(command, cwd=self._code, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise _refusal(ended.stderr, self._code)


def _refusal(said: str, code: Path) -> InputError:
    """What esbuild says is wrong, without the lines that it draws around it."""
    errors = re.findall(r"\[ERROR\] (.+)\n+ *([^\s:]+:\d+)?", said)
    what = "; ".join(f"{place}: {text}" if place else text for text, place in errors[:3])
    missing = re.search(r'Could not resolve "([^"./][^"]*)"', said)
    return InputError(
        f"esbuild cannot bundle it: {what or ' '.join(said.split())}",
        place=str(code),
        advice=f"Is {missing[1]} installed? `npm install` brings the project's packages."
        if missing
        else "",
    )


def node_modules(code: Path) -> list[str]:
    """Where packages are that the bundle leaves out, nearest first."""
    folders = (folder / "node_modules" for folder in (code, *code.parents))
    return [str(folder) for folder in folders if folder.is_dir()]


def _find(code: Path) -> str:
    for folder in (code, *code.parents):
        program = folder / "node_modules" / ".bin" / "esbuild"
        if os.access(program, os.X_OK):
            return str(program)
    found = shutil.which("esbuild")
    if found is None:
        raise InputError(
            "esbuild is to bundle it, and there is no esbuild here",
            place=str(code),
            advice="`npm install --save-dev esbuild` brings it, or build the project, and run what "
            "was built.",
        )
    return found


def _arguments(properties: Mapping[str, object]) -> Iterator[str]:
    entries = properties.get("EntryPoints", ["app.js"])
    yield from map(str, entries if isinstance(entries, list) else [entries])
    yield from ("--bundle", "--platform=node", "--log-level=warning")
    if _is_true(properties.get("Minify", True)):
        yield "--minify"
    yield f"--target={properties.get('Target', 'es2020')}"
    if "Sourcemap" in properties:
        sourcemap = properties["Sourcemap"]
        linked = "external" if sourcemap == "external" else "linked"
        yield from [f"--sourcemap={linked}"] if _is_true(sourcemap) else []
    for name, value in properties.items():
        yield from _argument(name, value)


def _argument(name: str, value: object) -> Iterator[str]:
    each = value if isinstance(value, list) else [value]
    if name in _OPTIONS and name != "Target":
        yield f"--{_OPTIONS[name]}={','.join(map(_text, each))}"
    elif name in _SWITCHES and _is_true(value):
        yield f"--{_SWITCHES[name]}"
    elif name in _REPEATED:
        yield from (f"--{_REPEATED[name]}:{one}" for one in each)
    elif name in _PAIRS:
        pairs = value.items() if isinstance(value, Mapping) else (_pair(one) for one in each)
        yield from (f"--{_PAIRS[name]}:{key}={text}" for key, text in pairs)


def _pair(text: object) -> tuple[str, str]:
    key, _, value = str(text).partition("=")
    return key, value


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _is_true(value: object) -> bool:
    return value is not None and str(value).lower() != "false"
