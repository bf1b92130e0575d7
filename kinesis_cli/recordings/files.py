"""Writing files: whole or not at all, and one process at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, cast

from kinesis_cli.errors import InputError
from kinesis_cli.places.url import Place, Url


def not_written(path: Path, error: OSError) -> InputError:
    """Return the sentence for a file that the system does not let us write."""
    return InputError(
        f"cannot be written: {(error.strerror or str(error)).lower()}", place=str(path)
    )


class TakenError(InputError):
    """Another process writes the file."""


def open_alone(path: Path, mode: str, taken: str) -> BinaryIO:
    """Open a file that no other kcli may write at the same time.

    The system frees it when the file is closed or the process ends, however.

    Args:
        path: made where there is none.
        mode: as of `open`.
        taken: the sentence where another process has it.

    Raises:
        TakenError: another process has it.
        InputError: it cannot be written.
    """
    try:
        file = path.open(mode)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise TakenError(taken, place=str(path)) from error
    except OSError as error:
        raise not_written(path, error) from error
    return cast("BinaryIO", file)


def replace_whole(path: Path, content: bytes) -> None:
    """Replace a file at one stroke.

    Raises:
        OSError: it cannot be written; what was there is still there.
    """
    partial = path.with_name(f".{path.name}.new")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


@contextmanager
def appearing_whole(path: Place) -> Iterator[BinaryIO]:
    """A file that takes its name when all is written; until then what had the name stays."""
    if isinstance(path, Url):
        from kinesis_cli.places.writing import appearing_object  # seldom needed

        with appearing_object(path) as sent:
            yield cast("BinaryIO", sent)
        return
    if path.exists() and not path.is_file():  # /dev/stdout, a named pipe: nothing to replace
        with _opened(path) as file:
            yield file
        return
    # Through a symbolic link the file it names is replaced, not the link.
    target = path.resolve()
    try:
        partial = NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False)  # noqa: SIM115
    except OSError as error:
        raise not_written(path, error) from error
    try:
        with partial:
            yield cast("BinaryIO", partial)
            partial.flush()
            os.fsync(partial.fileno())  # what it replaces, or was the source of it, may go now
        Path(partial.name).chmod(target.stat().st_mode if target.exists() else 0o666 & ~_umask())
        Path(partial.name).replace(target)
    except BaseException as error:
        with suppress(OSError):
            Path(partial.name).unlink()
        if isinstance(error, OSError):
            raise not_written(path, error) from error
        raise


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("wb") as file:
            yield file
    except BrokenPipeError:
        raise
    except OSError as error:
        raise not_written(path, error) from error


def _umask() -> int:
    # The only way to ask for it is to set it; this is the main thread's command line.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
