"""A place that is not on this machine, with what commands ask of a `Path`."""

import re
from pathlib import Path, PurePosixPath

import msgspec

from kinesis_cli.errors import InputError

SCHEMES = ("s3", "gs", "az", "https", "http")
_LIKE_A_URL = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+)://")
_USER = re.compile(r"(?<=://)[^/?#]*@")  # may hold a password
_ALIASES = {"abfs": "az", "abfss": "az", "adl": "az", "gcs": "gs", "s3a": "s3", "s3n": "s3"}


class Url(msgspec.Struct, frozen=True):
    """The URL of an object, of a prefix, or a pattern of such URLs.

    Raises:
        InputError: nobody here reads such URLs, or it names no bucket.
    """

    text: str

    def __post_init__(self) -> None:
        scheme, _, rest = self.text.partition("://")
        if self.scheme not in SCHEMES:
            raise InputError(
                f"{scheme}:// is not a place that kcli reaches",
                place=self.shown,
                advice=_meant(self),
            )
        if not rest.split("/")[0]:
            what = "server" if self.is_read_only else "container" if scheme == "az" else "bucket"
            raise InputError(f"names no {what}", place=self.shown)

    def __str__(self) -> str:
        return self.text

    @property
    def scheme(self) -> str:
        """The service."""
        return self.text.partition("://")[0].lower()

    @property
    def is_read_only(self) -> bool:
        """Whether nothing can be written or listed there."""
        return self.scheme in ("https", "http")

    @property
    def key(self) -> str:
        """What it is called within its bucket."""
        path = self.text.partition("://")[2].partition("/")[2]
        return re.split("[?#]", path)[0] if self.is_read_only else path

    @property
    def name(self) -> str:
        """The last part of it, as of a path."""
        return self.key.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """How its name ends, as of a path: `.zst`."""
        return PurePosixPath(self.name).suffix

    @property
    def shown(self) -> str:
        """The URL for messages: without a password, and a query, which may be a signature."""
        text = _USER.sub("", self.text)
        return text.partition("?")[0] + "?…" if self.is_read_only and "?" in text else text


Place = Path | Url


def is_url(text: str) -> bool:
    """Whether a text is meant as a URL, and not as a file's name."""
    return _LIKE_A_URL.match(text) is not None


def place_of(text: str) -> Place:
    """The place that a text names; "-" is a path.

    Raises:
        InputError: it is a URL that nobody here reads.
    """
    return Url(text) if is_url(text) else Path(text)


def shown(text: str) -> str:
    """A place for messages."""
    return Url(text).shown if is_url(text) else text


def _meant(url: Url) -> str:
    if url.scheme == "file":
        return "Name the file by its path."
    if alias := _ALIASES.get(url.scheme):
        return f"Write {alias}://."
    return (
        f"It reaches {', '.join(f'{each}://' for each in SCHEMES[:-1])} and files of this machine."
    )
