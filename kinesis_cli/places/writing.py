"""Writing an object: it appears whole when all of it is written, or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from kinesis_cli.errors import InputError, KcliError
from kinesis_cli.places.failures import explained
from kinesis_cli.places.reading import exists
from kinesis_cli.places.services import file_system
from kinesis_cli.places.url import Url

_PART = 8 << 20  # bytes that are held until they are sent


class RemoteWriter:
    """Sends an object in parts, while it is written; nothing is visible before `finish`.

    Args:
        url: of the object; what is there is replaced in the end.

    Raises:
        InputError: nothing can be written there.
        EndpointError: the service refused, or was not reached.
    """

    def __init__(self, url: Url) -> None:
        refuse_unwritable(url)
        self._url = url
        self.is_broken = False  # a part could not be sent
        with explained(url):
            self._file: Any = file_system(url).open(url.text, "wb", block_size=_PART)

    def __del__(self) -> None:
        # Forgotten, by a Ctrl-C between two lines: fsspec would finish what is there.
        if (file := getattr(self, "_file", None)) is not None:
            file.closed = True

    def write(self, data: bytes) -> int:
        """Take some bytes.

        Raises:
            EndpointError: they could not be sent.
        """
        try:
            with explained(self._url):
                self._file.write(data)
        except BaseException:
            self.is_broken = True
            raise
        return len(data)

    def flush(self) -> None:
        """Nothing: parts are sent when they are full."""

    def finish(self) -> None:
        """Send the rest, and let the object appear.

        Raises:
            EndpointError: it could not be sent; nothing appears.
        """
        try:
            with explained(self._url):
                self._file.close()
        except BaseException:
            self.is_broken = True
            self.abandon()
            raise

    def abandon(self) -> None:
        """Take back what was sent; nothing appears."""
        try:
            with suppress(KcliError), explained(self._url):  # something else is told already
                self._file.discard()
        finally:
            self._file.closed = True  # or it would be finished when it is forgotten


@contextmanager
def appearing_object(url: Url) -> Iterator[RemoteWriter]:
    """An object that appears when all is written; until then what had the name stays.

    Raises:
        InputError: nothing can be written there.
        EndpointError: it could not be sent.
    """
    writer = RemoteWriter(url)
    try:
        yield writer
    except BaseException:
        writer.abandon()
        raise
    writer.finish()


def is_taken(url: Url) -> bool:
    """Whether there is an object already, where one is to be written.

    Raises:
        InputError: nothing can be written there.
        EndpointError: the service refused, or was not reached.
    """
    refuse_unwritable(url)
    return exists(url)


def refuse_unwritable(url: Url) -> None:
    """Refuse to write an object, before there is anything to write.

    Raises:
        InputError: nothing can be written there.
    """
    if url.is_read_only:
        raise InputError(
            "can only be read", place=url.shown, advice="Write to a file, s3://, gs:// or az://."
        )
    if not url.name:
        raise InputError(
            "names no object", place=url.shown, advice="Add the name of the new object."
        )
