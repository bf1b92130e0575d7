"""Folders, prefixes and patterns: the files that they mean, which are read as one recording."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from kinesis_cli.errors import InputError
from kinesis_cli.places.url import Url, is_url, shown

_MAGIC = re.compile(r"[*?[]")
_PACKED = (".gz", ".zst")
# What is hidden, what kcli writes beside recordings, and Spark beside data.
_BESIDE = re.compile(r"(^|/)\.(?!\.?/)|(^|/)_SUCCESS$|\.(progress|replay|kidx)$")


def is_several(text: str) -> bool:
    """Whether a text names a folder, a prefix or a pattern, and so maybe several files."""
    if is_url(text):
        url = Url(text)
        return not url.is_read_only and (
            url.text.endswith("/") or _MAGIC.search(url.key) is not None
        )
    try:
        path = Path(text)
        return text != "-" and (
            path.is_dir() or (_MAGIC.search(text) is not None and not path.exists())
        )
    except (OSError, ValueError):
        return False  # whoever opens it learns why


def expanded(texts: Sequence[str]) -> list[str]:
    """The files that some texts name; of a folder, a prefix or a pattern in the order of time.

    That is the order of their names where numbers count as numbers, as Firehose and `kcli record`
    users name them: `2026/01/31/12/stream-1-2026-01-31-12-05-00-…`.

    Source: https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html

    Args:
        texts: paths, URLs, "-"; each may be a folder, a prefix that ends with "/", or a pattern.

    Raises:
        InputError: nothing is there, or a file is named twice.
        EndpointError: a service refused, or was not reached.
    """
    found: list[str] = []
    has_several = False
    for text in texts:
        if not is_several(text):
            found.append(text)
            continue
        has_several = True
        files = sorted(_files_of(text), key=_by_time)
        if not files:
            raise InputError(_nothing(text), place=shown(text))
        found += files
    if has_several:
        _refuse_twice(found)
    return found


def one_file(text: str) -> str:
    """The same, which must be one file.

    Raises:
        InputError: it names several, or none.
    """
    files = expanded([text])
    if len(files) > 1:
        raise InputError(f"{len(files):,} files, and one is needed", place=shown(text))
    return files[0]


def literal(text: str) -> str:
    """A name for a file of one's own about what a text names: no slash, no pattern in it."""
    if not is_url(text) and not is_several(text):
        return text
    name = Url(text).shown if is_url(text) else text
    return re.sub(r"[^A-Za-z0-9._=+-]+", "-", name).strip("-.") or "files"


def _files_of(text: str) -> Iterator[str]:
    names = _of_url(Url(text)) if is_url(text) else _of_path(text)
    return (name for name in names if not _BESIDE.search(name))


def _of_path(text: str) -> Iterator[str]:
    if Path(text).is_dir():
        yield from (str(each) for each in Path(text).rglob("*") if each.is_file())
    else:
        import glob  # start-up counts, and patterns are seldom

        found = glob.iglob(text, recursive=True)  # noqa: PTH207 - of any root, and `..` stays
        yield from (each for each in found if Path(each).is_file())


def _of_url(url: Url) -> Iterator[str]:
    from kinesis_cli.places.failures import explained  # as above
    from kinesis_cli.places.services import file_system

    with explained(url):
        from fsspec.utils import glob_translate

        system = file_system(url)
        folder, name = url.text, ""
        if magic := _MAGIC.search(url.key):
            before = url.text[: len(url.text) - len(url.key) + magic.start()]
            folder, _, name = before.rpartition("/")
        options: dict[str, Any] = {"prefix": name} if name and url.scheme in ("s3", "gs") else {}
        listed = system.find(folder.rstrip("/"), detail=True, **options)
        wanted = re.compile(glob_translate(url.text.partition("://")[2])) if magic else None
        for path, details in listed.items():
            has_bytes = details.get("type") == "file" and details.get("size") != 0
            if has_bytes and (wanted is None or wanted.match(path)):
                yield f"{url.scheme}://{path}"


def _by_time(name: str) -> list[str | int]:
    """A key that sorts names as people read them: the numbers in them as numbers."""
    parts = re.split(r"([0-9]+)", name)
    return [int(part) if index % 2 else part for index, part in enumerate(parts)]


def _refuse_twice(names: Iterable[str]) -> None:
    """One file has all of its records once: neither twice nor packed and plain, side by side."""
    seen: dict[str, str] = {}
    for name in names:
        ending = next((each for each in _PACKED if name.lower().endswith(each)), "")
        plain = name[: len(name) - len(ending)]
        if plain in seen:
            before = seen[plain]
            problem = "named twice"
            if before != name:
                problem = f"it and {shown(before)} have the same records, by their names"
            raise InputError(problem, place=shown(name), advice="Name the files that you mean.")
        seen[plain] = name


def _nothing(text: str) -> str:
    if is_url(text):
        return "nothing is there" if text.endswith("/") else "no object has such a name"
    return "there is no file in it" if Path(text).is_dir() else "no file has such a name"
