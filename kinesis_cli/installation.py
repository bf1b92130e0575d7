"""How kcli was installed, and the command that adds one of its extras to this very installation.

Import it only where something is missing: reading the metadata of packages takes a moment.
"""

import json
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from kinesis_cli.errors import InputError

DISTRIBUTION = "kinesis-cli"  # `kcli` on the public index is another program

Installer = Literal["uv tool", "pipx", "uvx", "pip"]


@dataclass(frozen=True, slots=True)
class Installation:
    """Where kcli came from, and what keeps its environment."""

    installer: Installer
    source: str  # a folder, a file, "git+https://…"; empty: the package index
    editable: bool = False
    extras: tuple[str, ...] = ()  # that are complete already
    beside: tuple[str, ...] = field(default=())  # packages that were added with `--with`

    def install_line(self, extra: str) -> str:
        """The shell command that adds `extra`, and takes nothing away."""
        match self.installer:
            case "uv tool":
                extras = {*self.extras, extra}  # `uv tool install` replaces what there was
                beside = [word for name in self.beside for word in ("--with", name)]
                words = ["uv", "tool", "install", *self._requirement(extras), *beside]
            case "pipx":
                extras = {*self.extras, extra}
                editable = ["--editable"] if self.editable else []
                words = ["pipx", "install", "--force", *editable, self._requirement(extras)[-1]]
            case "uvx":
                words = ["uvx", "--from", self._requirement({*self.extras, extra})[-1], "kcli"]
            case "pip":
                words = [*_pip_install(), *self._requirement({extra})]
        return shlex.join(words)

    def _requirement(self, extras: set[str]) -> list[str]:
        names = "[all]" if "all" in extras else f"[{','.join(sorted(extras))}]"
        if "://" in self.source:
            return [f"{DISTRIBUTION}{names} @ {self.source}"]
        if self.source:
            return [*(["--editable"] if self.editable else []), f"{self.source}{names}"]
        return [f"{DISTRIBUTION}{names}"]


def install_line(extra: str) -> str:
    """The shell command that adds `extra` to this kcli."""
    return this_installation().install_line(extra)


def missing_extra(extra: str, who: str, package: str | None) -> InputError:
    """Return the error to raise where a package of an extra is missing; its advice can be pasted.

    Args:
        extra: "local", "payloads", "isolated".
        who: needs it, "the local stream".
        package: that is missing.
    """
    return InputError(
        f"{who} needs the package {package}, which is not installed",
        advice=f"Install it: `{install_line(extra)}`",
    )


@cache
def this_installation() -> Installation:
    """How the running kcli was installed, from what installers write down.

    Source: https://packaging.python.org/en/latest/specifications/direct-url/
    """
    try:
        found = distribution(DISTRIBUTION)
    except PackageNotFoundError:  # run from its sources, and not installed at all
        folder = Path(__file__).parents[1]
        is_clone = (folder / "pyproject.toml").is_file()
        return Installation("pip", str(folder) if is_clone else "", editable=is_clone)
    source, editable = _source(json.loads(found.read_text("direct_url.json") or "{}"))
    installer, beside = _installer(Path(sys.prefix))
    return Installation(installer, source, editable, tuple(_complete_extras(found)), beside)


def _source(direct_url: dict[str, object]) -> tuple[str, bool]:
    """Where it came from, and whether it is editable. Empty: an index."""
    match direct_url:
        case {"url": str(url), "vcs_info": {"vcs": str(vcs), **vcs_info}}:
            revision = vcs_info.get("requested_revision")
            return f"{vcs}+{url}{f'@{revision}' if revision else ''}", False
        case {"url": str(url), **more}:
            match more.get("dir_info"):
                case {"editable": True}:
                    editable = True
                case _:
                    editable = False
            if not url.startswith("file:"):
                return url, False
            path = Path(unquote(urlsplit(url).path))
            return (str(path), editable) if path.exists() else ("", False)
        case _:
            return "", False


def _installer(prefix: Path) -> tuple[Installer, tuple[str, ...]]:
    """What made the environment `prefix`, and which other packages were asked for."""
    if (receipt := prefix / "uv-receipt.toml").is_file():
        asked = tomllib.loads(receipt.read_text("utf-8")).get("tool", {}).get("requirements", [])
        others = [each for each in asked if each.get("name") != DISTRIBUTION]
        return "uv tool", tuple(f"{each['name']}{each.get('specifier', '')}" for each in others)
    if (prefix / "pipx_metadata.json").is_file():
        return "pipx", ()
    # `uvx` keeps its environments in uv's cache, as `archive-v0/ID`
    return ("uvx" if prefix.parent.name.startswith("archive-v") else "pip"), ()


def _pip_install() -> list[str]:
    if find_spec("pip"):
        return [sys.executable, "-m", "pip", "install"]
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if not shutil.which("uv") and beside.is_file() else "uv"
    return [uv, "pip", "install", "--python", sys.executable]


def _complete_extras(found: Distribution) -> Iterator[str]:
    """The extras all of whose packages are there."""
    for extra in found.metadata.get_all("Provides-Extra") or []:
        packages = [
            re.split(r"[^A-Za-z0-9._-]", line)[0]
            for line in found.requires or []
            if re.search(rf"extra\s*==\s*['\"]{re.escape(extra)}['\"]", line)
        ]
        others = [name for name in packages if name != found.metadata["Name"]]
        if others and all(map(_is_installed, others)):
            yield extra


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
