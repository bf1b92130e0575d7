"""Make what a release consists of, in `dist/`: `make release`.

The source distribution and the wheel, an SBOM of what `[all]` installs, a formula for a tap of
Homebrew, the notes from CHANGELOG.md, and the checksums. TAG, where it is set, must be the version.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parent.parent
SBOM_TOOL = "cyclonedx-bom==7.5.0"


def main() -> None:
    """Build into the folder that is named; end with a sentence where a release cannot be made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=ROOT / "dist")
    to = parser.parse_args().to.resolve()
    of = version()
    said = notes((ROOT / "CHANGELOG.md").read_text(), of)
    shutil.rmtree(to, ignore_errors=True)
    source, wheel = build(to)
    _write_sbom(wheel, to / "kinesis-cli.cdx.json")
    (to / "kinesis-cli.rb").write_text(formula(of, source, os.environ))
    (to / "NOTES.md").write_text(said)
    for each in _checksums(to):
        print(each)  # noqa: T201 - a program of the project's own


def build(to: Path) -> tuple[Path, Path]:
    """The source distribution, and the wheel that is built from it, as an index would do it.

    Args:
        to: the folder for both.
    """
    _build(ROOT, "sdist", to)
    source = next(to.glob("*.tar.gz"))
    with TemporaryDirectory() as folder:
        with tarfile.open(source) as archive:
            archive.extractall(folder, filter="data")
        _build(next(Path(folder).iterdir()), "wheel", to)
    return source, next(to.glob("*.whl"))


def _build(project: Path, what: str, to: Path) -> None:
    hatchling = [sys.executable, "-m", "hatchling"]
    command = [*hatchling, "build", "--target", what, "--directory", str(to)]
    subprocess.run(command, cwd=project, check=True, stdout=subprocess.DEVNULL)


def version() -> str:
    """The one to release, which TAG must name where it is set."""
    written = (ROOT / "kinesis_cli" / "_version.py").read_text()
    found = re.search(r'__version__ = "(.+)"', written)
    assert found, "the build reads it too"
    if (tag := os.environ.get("TAG", "")) not in ("", f"v{found[1]}"):
        sys.exit(f"make release: the tag is {tag}, kinesis_cli/_version.py says {found[1]}")
    return found[1]


def notes(changelog: str, of: str) -> str:
    """What the changelog says of a version.

    Args:
        changelog: its text.
        of: the version, without a `v`.
    """
    found = re.search(
        rf"^## \[{re.escape(of)}\] - \d{{4}}-\d\d-\d\d\n(.*?)(?=^## \[|\Z)",
        changelog,
        re.M | re.S,
    )
    if not found:
        sys.exit(f"make release: CHANGELOG.md has no heading `## [{of}] - YEAR-MONTH-DAY`")
    return found[1].strip() + "\n"


def _write_sbom(wheel: Path, to: Path) -> None:
    """What is installed with a wheel and its extras, in CycloneDX; same packages, same bytes."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert uv, "uv is in the dev group"
    with TemporaryDirectory() as folder:
        environment = Path(folder, "environment")
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, environment], check=True)
        constraints = Path(folder, "constraints.txt")
        constraints.write_text(locked_versions())
        install: list[str | Path] = [uv, "pip", "install", "--quiet", "--python", environment]
        subprocess.run([*install, "--constraints", constraints, f"{wheel}[all]"], check=True)
        tool = [uv, "tool", "run", "--quiet", "--from", SBOM_TOOL, "cyclonedx-py", "environment"]
        root: list[str | Path] = [
            "--pyproject",
            ROOT / "pyproject.toml",
            "--mc-type",
            "application",
        ]
        # The paths of this build say nothing about what is in it.
        options = [*root, "--short-PURLs", "--output-reproducible", "--output-file", to]
        subprocess.run([*tool, *options, environment], check=True)


def locked_versions() -> str:
    """requirements.lock as constraints: without hashes, which a wheel of our own has none of."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return "\n".join(line.removesuffix("\\") for line in lines if not line.startswith((" ", "#")))


def project() -> dict[str, Any]:
    """What pyproject.toml says of the project."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found: dict[str, Any] = document["project"]
    return found


def formula(of: str, source: Path, environment: Mapping[str, str]) -> str:
    """The formula for a version.

    Args:
        of: the version.
        source: its distribution.
        environment: with GITHUB_REPOSITORY, where the release is made there.
    """
    text = (ROOT / "release" / "kinesis-cli.rb").read_text()
    values = {
        "DESCRIPTION": project()["description"],
        "REPOSITORY": environment.get("GITHUB_REPOSITORY", "OWNER/REPOSITORY"),
        "VERSION": of,
        "SHA256": hashlib.sha256(source.read_bytes()).hexdigest(),
    }
    text = text.removeprefix(text.splitlines(keepends=True)[0])  # of the template itself
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def _checksums(folder: Path) -> list[str]:
    files = sorted(folder.iterdir())
    lines = [f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}" for each in files]
    (folder / "SHA256SUMS").write_text("\n".join(lines) + "\n")
    return lines


if __name__ == "__main__":
    main()
