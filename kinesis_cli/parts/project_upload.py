"""The function's code on its way to other machines: packed here, and unpacked there once."""

import hashlib
import io
import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

from kinesis_cli.errors import InputError
from kinesis_cli.project.function import Function

# Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_BYTES = 250 << 20  # of code and layers, unpacked
_LEFT_OUT = frozenset({".aws-sam", ".git", ".kcli", ".venv", "__pycache__", "venv"})


class Packed(NamedTuple):
    """Code and layers."""

    digest: str
    archive: bytes  # zip: a folder `0` of code, then one for each layer


def packed(function: Function) -> Packed:
    """Pack a function's code and its layers.

    Raises:
        InputError: they are larger than Lambda would take.
    """
    buffer, size = io.BytesIO(), 0
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, folder in enumerate((function.code_uri, *function.layers)):
            for path in _files(folder):
                size += path.stat().st_size
                if size > MAX_BYTES:
                    raise InputError(
                        f"more than {MAX_BYTES >> 20} MiB, which Lambda would not take",
                        place=str(folder),
                        advice="Where the workers have the project, name its folder there: "
                        "--worker-project PATH.",
                    )
                # without the times of this machine, so that the same code is sent once
                entry = zipfile.ZipInfo(f"{number}/{path.relative_to(folder)}")
                entry.external_attr = path.stat().st_mode << 16
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    data = buffer.getvalue()
    return Packed(hashlib.blake2b(data, digest_size=16).hexdigest(), data)


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - _LEFT_OUT)
        for name in sorted(files):
            path = Path(root, name)
            if path.is_file():
                yield path


def unpacked(function: Function, code: Packed, folder: Path) -> Function:
    """The function with its code in a folder of this machine; unpacked if it is not there yet."""
    target = folder / f"kcli-{code.digest}"
    if not target.is_dir():
        made = Path(mkdtemp(prefix=f".{target.name}-", dir=folder))
        with zipfile.ZipFile(io.BytesIO(code.archive)) as archive:
            for entry in archive.infolist():
                path = Path(archive.extract(entry, made))
                path.chmod(entry.external_attr >> 16 & 0o777)
        (made / "0").mkdir(exist_ok=True)
        try:
            made.rename(target)
        except OSError:  # another part was faster
            if not target.is_dir():
                raise
    layers = tuple(target / str(number) for number in range(1, len(function.layers) + 1))
    return replace(function, code_uri=target / "0", layers=layers)


class ElsewhereProject(NamedTuple):
    """The project as workers have it, in a folder of theirs."""

    here: Path  # of the template, or of the code where there is none
    there: Path

    def path(self, path: str) -> str:
        """Where workers find a file: in their project, if it is in this one."""
        resolved = Path(path).resolve()
        inside = resolved.is_relative_to(self.here)
        return str(self.there / resolved.relative_to(self.here)) if inside else str(resolved)

    def function(self, function: Function) -> Function:
        """The function with its code and layers there."""
        layers = tuple(Path(self.path(str(layer))) for layer in function.layers)
        return replace(function, code_uri=Path(self.path(str(function.code_uri))), layers=layers)


def project_folder(function: Function) -> Path:
    """The folder of the project that a function is of."""
    return (function.template.parent if function.template else function.code_uri).resolve()
