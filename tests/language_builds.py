"""Builds programs in other languages, once for a user, where their toolchains are.

The functions of `tests/languages` are here; the clients are in `tests/clients`.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path

import pytest

SOURCES = Path(__file__).parent / "languages"
# Not in the checkout: the first build of the SDK for Rust takes minutes.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kinesis-cli-tests"
# Minutes of building for one test: in `make soak`, and where somebody asks for them.
LONG_BUILDS = "KCLI_LONG_BUILDS" in os.environ
MAX_SECONDS = 1200.0  # of one command, also on a machine that is busy
# Nothing that is built here runs for long. Without cgo no C is compiled, and Maven has ended before
# Java's second compiler gains what it takes.
QUICKLY = {
    "CGO_ENABLED": "0",
    "MAVEN_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}
GO_BUILD = ("go", "build", "-gcflags=all=-l", "-ldflags=-s -w")
_UNREACHABLE = re.compile(r"[^\n]*(?:Could not (?:transfer|resolve)|Unknown host)[^\n]*")


@dataclass(frozen=True)
class Sources:
    """The source of a program, and what it takes to build it."""

    name: str
    _: KW_ONLY
    tools: Sequence[str] = ()  # programs that must be there
    fetch: Sequence[str] = ()  # gets the dependencies; without a network nothing can be built
    build: Callable[[Path], Sequence[Sequence[str]]] = lambda folder: ()
    code: str = "."  # where the program is, below the folder that it is built in
    source: Path | None = None  # by default, the function of that name

    def folder(self) -> Path:
        """The program, built. Skips the test where that cannot be."""
        if missing := [tool for tool in self.tools if shutil.which(tool) is None]:
            pytest.skip(f"{self.name}: there is no {' and no '.join(missing)} on this machine")
        CACHE.mkdir(parents=True, exist_ok=True)
        # Of a tool one builds at a time: what both need the second finds, and Maven's own
        # repository is for one at a time.
        with (CACHE / f"{(*self.tools, self.name)[0]}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return self._built() / self.code

    def _built(self) -> Path:
        source, target = self.source or SOURCES / self.name, CACHE / self.name
        stamp = CACHE / f"{self.name}.stamp"
        fingerprint = self._fingerprint(source)
        if stamp.is_file() and stamp.read_text() == fingerprint:
            return target
        shutil.copytree(source, target, dirs_exist_ok=True)
        if self.fetch and (problem := _run(self.fetch, target)):
            pytest.skip(f"{self.name}: its dependencies cannot be fetched: {problem[-200:]!r}")
        for command in self.build(target):
            if problem := _run(command, target):
                if unreachable := _UNREACHABLE.search(problem):
                    pytest.skip(f"{self.name}: {unreachable[0].strip()[:200]}")
                raise AssertionError(f"{' '.join(command)}:\n{problem}")
        stamp.write_text(fingerprint)
        return target

    def _fingerprint(self, source: Path) -> str:
        digest = hashlib.sha256(repr([shutil.which(tool) for tool in self.tools]).encode())
        for file in sorted(source.rglob("*")):
            if file.is_file():
                digest.update(f"{file.relative_to(source)}\0".encode() + file.read_bytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Language(Sources):
    """A function of `tests/languages`, and how it is started."""

    runtime: str  # as a template names it
    handler: str


def _run(command: Sequence[str], folder: Path) -> str:
    """Run a command. Returns what it said if it failed."""
    try:
        ended = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **QUICKLY},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=MAX_SECONDS,
        )
    except subprocess.TimeoutExpired as hangs:
        return f"did not end in {MAX_SECONDS:.0f} s: {hangs.stdout!r} {hangs.stderr!r}"
    return "" if ended.returncode == 0 else f"{ended.stdout}\n{ended.stderr}".strip() or "failed"


def _rust(_folder: Path) -> list[list[str]]:
    name = {"conformance": "function", "readings": "readings"}
    copies = [
        ["install", "-D", f"target/debug/{binary}", f"{place}/bootstrap"]
        for binary, place in name.items()
    ]
    return [["cargo", "build", "--quiet", "--offline"], *copies]


PYTHON = Language("python", "python3.13", "conformance.handler")
LANGUAGES = (
    PYTHON,
    Language("javascript", "nodejs22.x", "conformance.handler", tools=["node"]),
    Language(
        "rust",
        "provided.al2023",
        "bootstrap",
        tools=["cargo"],
        fetch=["cargo", "fetch", "--quiet"],
        build=_rust,
        code="function",
    ),
    Language(
        "go",
        "provided.al2023",
        "bootstrap",
        tools=["go"],
        fetch=["go", "mod", "download"],
        build=lambda _: [[*GO_BUILD, "-o", "function/bootstrap", "."]],
        code="function",
    ),
    Language(
        "java",
        "java17",
        "Conformance",
        tools=["javac", "mvn"],
        build=lambda _: [["mvn", "--quiet", "--batch-mode", "prepare-package"]],
        code="target/function",
    ),
)
