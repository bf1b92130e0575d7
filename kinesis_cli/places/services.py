"""The services that keep objects, each as a file system of fsspec. Imported when one is named.

S3 is reached by the client that kcli has anyway, `kinesis_cli.aws.bucket_files`: s3fs needs
aiobotocore, which allows only some older versions of botocore.
"""

import logging
from collections.abc import Callable
from importlib import import_module
from typing import Any

from kinesis_cli.errors import InputError
from kinesis_cli.places.url import Url

# Scheme → the extra, and the packages that are imported for it, fsspec apart.
EXTRAS = {
    "s3": ("s3", ()),
    "gs": ("gcs", ("gcsfs",)),
    "az": ("azure", ("adlfs",)),
    "https": ("https", ("aiohttp",)),
    "http": ("https", ("aiohttp",)),
}

# Seconds until a server that says nothing is given up.
_CONNECT_WITHIN, _ANSWER_WITHIN = 30, 60

_LOUD = ("adlfs", "azure", "fsspec", "gcsfs", "google", "msal")

FileSystem = Any  # fsspec has no types

_makers: dict[str, Callable[[], FileSystem]] = {}
_made: dict[str, FileSystem] = {}


def reach_by(scheme: str, make: Callable[[], FileSystem]) -> None:
    """Say how a service is reached from now on, with which credentials and where.

    Args:
        scheme: of its URLs.
        make: called when the first of them is used.
    """
    _makers[scheme] = make
    _made.pop(scheme, None)


def file_system(url: Url) -> FileSystem:
    """What reads and writes a URL.

    Raises:
        InputError: a package is missing.
        KcliError: the service is not usable.
    """
    scheme = url.scheme
    if scheme not in _made:
        extra, packages = EXTRAS[scheme]
        for package in ("fsspec", *packages):
            _require(package, extra, url)
        _made[scheme] = _makers[scheme]() if scheme in _makers else _as_usual(scheme)
    return _made[scheme]


def _require(package: str, extra: str, url: Url) -> None:
    try:
        import_module(package)
    except ImportError as error:
        from kinesis_cli.installation import missing_extra

        raise missing_extra(extra, f"{url.scheme}://", error.name or package) from error


def _as_usual(scheme: str) -> FileSystem:
    """A service with what its own tools find: variables, files of credentials."""
    import fsspec

    if scheme in ("https", "http"):
        import aiohttp

        # no bound for a whole object, which may be large
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_WITHIN, sock_read=_ANSWER_WITHIN
        )
        return fsspec.filesystem(
            scheme,
            client_kwargs={"timeout": timeout, "trust_env": True},
            skip_instance_cache=True,
        )
    for logger in _LOUD:  # they print tracebacks of what is told in a sentence
        logging.getLogger(logger).setLevel(logging.CRITICAL + 1)
    # "kcli-s3" is an entry point of kcli's own
    name = {"s3": "kcli-s3", "gs": "gs", "az": "az"}[scheme]
    try:
        return fsspec.filesystem(name, use_listings_cache=False, skip_instance_cache=True)
    except (ValueError, OSError) as error:  # adlfs: no account is named
        if scheme != "az":
            raise
        raise InputError(
            "no storage account is named",
            place="az://",
            advice="Set AZURE_STORAGE_ACCOUNT_NAME, or AZURE_STORAGE_CONNECTION_STRING.",
        ) from error
