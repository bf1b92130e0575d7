"""The index beside a recording: where it is, and whether it is of the recording as it is now."""

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.places.url import Place, Url, is_url, shown
from kinesis_cli.recordings.indexes.form import SUFFIX, DamagedIndexError, FileEntry
from kinesis_cli.recordings.indexes.index import Index, open_index
from kinesis_cli.recordings.indexes.ranges import FileRanges
from kinesis_cli.recordings.indexes.texts import Text, text_of

if TYPE_CHECKING:
    from kinesis_cli.places.reading import Details

_DIGESTED_AT_ONCE = 1 << 20  # bytes


class Kept(msgspec.Struct, frozen=True):
    """An index, and what it is of."""

    index: Index
    text: Text
    is_sure: bool  # else each block that is read is held against the index

    def close(self) -> None:
        """Close both."""
        self.index.close()
        self.text.close()


class Beside(NamedTuple):
    """What was found beside a recording."""

    kept: Kept | None
    problem: str = ""  # a sentence, where there is an index that is of no use


def index_place(path: str) -> Place:
    """Where the index of a recording is kept."""
    return Url(f"{path}{SUFFIX}") if is_url(path) else Path(f"{path}{SUFFIX}")


def index_beside(path: str, file: BinaryIO) -> Beside:
    """The index beside a recording of this machine, if it is of the recording as it is now.

    Args:
        path: of the recording.
        file: the recording, open.
    """
    beside = Path(f"{path}{SUFFIX}")
    try:
        index = open_index(beside)
    except FileNotFoundError:
        return Beside(None)
    except (OSError, DamagedIndexError) as error:
        return _of_no_use(str(beside), str(error))
    try:
        index.check()
    except DamagedIndexError as error:
        index.close()
        return _of_no_use(str(beside), str(error))
    if len(index.head.files) == 1 and _is_of(index.head.files[0], file):
        return Beside(Kept(index, text_of(FileRanges(file), index.head.files[0]), is_sure=True))
    index.close()
    return _of_another(str(beside))


def index_at(url: Url) -> Beside:
    """The index beside a recording at a URL, if it is of the recording as it is now.

    Raises:
        InputError: there is no such recording.
        EndpointError: the service refused, or was not reached.
    """
    if url.is_read_only and "?" in url.text:
        return Beside(None)  # a signature is of one object
    from kinesis_cli.places.failures import AbsentError, RefusedError
    from kinesis_cli.places.ranges import NoRangesError, RemoteRanges
    from kinesis_cli.places.reading import details_of

    details, beside = details_of(url), Url(f"{url.text}{SUFFIX}")
    try:
        data = RemoteRanges(beside)
    except (AbsentError, RefusedError):  # who may not list a bucket is not told what is absent
        return Beside(None)
    try:
        index = Index(data)
    except (DamagedIndexError, NoRangesError) as error:
        data.close()
        reason = error.problem if isinstance(error, NoRangesError) else str(error)
        return _of_no_use(beside.shown, reason)
    try:
        files = index.head.files
        kept = _opened_object(url, files[0], details) if len(files) == 1 else None
    except BaseException:
        index.close()
        raise
    if kept is None:
        index.close()
        return _of_another(beside.shown)
    text, is_sure = kept
    return Beside(Kept(index, text, is_sure))


def opened_text(path: str, entry: FileEntry) -> tuple[Text, bool]:
    """A file that an index tells of, and whether that is surely of it.

    Args:
        path: a file's name or a URL.
        entry: what the index says of it.

    Raises:
        InputError: it is not what it was, or cannot be opened.
        EndpointError: a service refused, or was not reached.
    """
    found = _opened(path, entry)
    if found is None:
        raise InputError("it is not what it was when its index was made", place=shown(path))
    return found


def opened_index(place: str) -> Index:
    """An index that was looked at before.

    Raises:
        InputError: it is not what it was, or cannot be opened.
        EndpointError: a service refused, or was not reached.
    """
    try:
        if not is_url(place):
            return open_index(Path(place))
        from kinesis_cli.places.ranges import RemoteRanges

        return Index(RemoteRanges(Url(place)))
    except DamagedIndexError as error:
        raise InputError(str(error), place=shown(place)) from error
    except OSError as error:
        raise InputError((error.strerror or str(error)).lower(), place=place) from error


def _opened(path: str, entry: FileEntry) -> tuple[Text, bool] | None:
    """A file, and whether an index that says so of it is surely of it; None: it is not."""
    if is_url(path):
        from kinesis_cli.places.reading import details_of

        url = Url(path)
        return _opened_object(url, entry, details_of(url))
    try:
        file = Path(path).open("rb", buffering=0)  # noqa: SIM115 - closed with the text
    except OSError as error:
        raise InputError((error.strerror or str(error)).lower(), place=path) from error
    if os.fstat(file.fileno()).st_size != entry.size:
        file.close()
        return None
    return text_of(FileRanges(file), entry), True


def _opened_object(url: Url, entry: FileEntry, details: "Details") -> tuple[Text, bool] | None:
    from kinesis_cli.places.ranges import RemoteRanges

    version = version_of(url, details.version)
    # What another service calls a version says nothing here, nor does an index made of a file.
    is_known = bool(entry.version) and _service(entry.version) == _service(version)
    if details.size != entry.size or (is_known and entry.version != version):
        return None
    return text_of(RemoteRanges(url, details), entry), is_known


def version_of(url: Url, version: str) -> str:
    """A version of an object as an index has it; "": the service tells none."""
    return f"{url.scheme} {version}" if version else ""


def _service(version: str) -> str:
    return version.partition(" ")[0]


def _is_of(entry: FileEntry, file: BinaryIO) -> bool:
    found = os.fstat(file.fileno())
    if entry.size != found.st_size:
        return False
    # A copy has another time, and the same bytes.
    return entry.changed_ns == found.st_mtime_ns or entry.digest == digest_of(file)


def digest_of(file: BinaryIO) -> bytes:
    """A digest of all that is in a file."""
    digest, position = hashlib.blake2b(digest_size=32), 0
    while piece := os.pread(file.fileno(), _DIGESTED_AT_ONCE, position):
        digest.update(piece)
        position += len(piece)
    return digest.digest()


def _of_no_use(beside: str, reason: str) -> Beside:
    return Beside(None, f"{beside}: of no use: {reason}; `kcli index` makes it anew.")


def _of_another(beside: str) -> Beside:
    return Beside(None, f"{beside}: not of the recording as it is now; `kcli index` makes it anew.")
