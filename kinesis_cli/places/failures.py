"""What services and their clients raise, as one sentence."""

import os
import re
import ssl
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kinesis_cli.errors import EndpointError, InputError, KcliError
from kinesis_cli.places.url import Url

_ABSENT, _CHANGED = (404, 410), 412
_REFUSED = (401, 403)
_PASSING = (408, 425, 429, 500, 502, 503, 504)
_MAX_REASON = 200  # characters: Azure's client explains itself on a page


class LostError(EndpointError):
    """The service did not answer, or not to the end: what may go better in a moment."""


class RefusedError(EndpointError):
    """The service does not let these credentials do it."""


class AbsentError(InputError):
    """There is no such object."""


@contextmanager
def explained(url: Url) -> Iterator[None]:
    """Raises what clients raise inside as a KcliError.

    Raises:
        InputError: there is no such object, or it is another one now.
        EndpointError: the service refused, or was not reached.
    """
    before = sys.exc_info()[1]  # that is being handled, and has nothing to do with it
    try:
        yield
    except KcliError:
        raise
    except Exception as error:
        raise _explained(list(_causes(error, before)), url) from error


def changed(url: Url) -> InputError:
    """The sentence for an object that is another one than at first."""
    return InputError("it changed while it was read", place=url.shown, advice="Read it again.")


def absent(url: Url) -> AbsentError:
    """The sentence for an object that is not there."""
    is_prefix = url.text.endswith("/")
    advice = (
        "" if url.is_read_only or is_prefix else f"All that is under it: {url.shown.rstrip('/')}/"
    )
    return AbsentError("there is no such object", place=url.shown, advice=advice)


def _explained(causes: Sequence[BaseException], url: Url) -> KcliError:
    status = next((found for each in causes if (found := _status(each)) is not None), None)
    reason = _reason(causes[-1])
    if status in _ABSENT:
        return absent(url)
    if status == _CHANGED:
        return changed(url)
    if status in _REFUSED or any(isinstance(each, PermissionError) for each in causes):
        return RefusedError(
            f"access was refused: {reason}", place=url.shown, advice=_ACCESS.get(url.scheme, "")
        )
    if status is not None:
        kind = LostError if status in _PASSING else EndpointError
        return kind(f"the service answered {status}: {reason}", place=url.shown)
    if any(_is_of_credentials(each) for each in causes):
        return EndpointError(
            f"no usable credentials: {reason}", place=url.shown, advice=_ACCESS.get(url.scheme, "")
        )
    if refused := next((each for each in reversed(causes) if isinstance(each, ssl.SSLError)), None):
        return _of_tls(refused, url)
    if isinstance(causes[-1], FileNotFoundError):
        return absent(url)
    if any(type(each).__name__ == "ClientPayloadError" for each in causes):  # of aiohttp
        return LostError("the connection broke off", place=url.shown)
    if any(_is_of_network(each) for each in causes):
        return LostError(
            f"could not be reached: {reason}",
            place=url.shown,
            advice="Is its address right, and does the network allow it?",
        )
    return EndpointError(f"could not be read or written: {reason}", place=url.shown)


def untrusted(url: Url, reason: str, variable: str) -> EndpointError:
    """The sentence for a certificate that nobody vouches for.

    Args:
        url: of the object.
        reason: as OpenSSL has it, "self-signed certificate".
        variable: of the environment, which names the certificates to trust.
    """
    return EndpointError(
        f"its certificate is not trusted: {reason}",
        place=url.shown,
        advice=f"If the server is the right one, {variable}=FILE names a file of the certificates "
        "to trust.",
    )


def _of_tls(error: ssl.SSLError, url: Url) -> EndpointError:
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = str(getattr(error, "verify_message", error)).rstrip(".")
        return untrusted(url, reason, "SSL_CERT_FILE")
    reason = str(getattr(error, "reason", "") or error).replace("_", " ").lower()
    return EndpointError(
        f"no TLS connection: {reason}", place=url.shown, advice="Is https:// right there?"
    )


_ACCESS = {
    "gs": "`gcloud auth application-default login`, or GOOGLE_APPLICATION_CREDENTIALS, "
    "gives Google's credentials.",
    "az": "`az login`, AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN gives Azure's.",
}


def _causes(error: BaseException, before: BaseException | None) -> Iterator[BaseException]:
    """An error, and those that it came from, up to one that was there before."""
    seen = {id(before)}
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _status(error: BaseException) -> int | None:
    """HTTP's status of an error of aiohttp, azure.core or gcsfs."""
    if type(error).__module__.startswith("aiohttp") and not hasattr(error, "request_info"):
        return None  # what it says of a body that ended early is not the server's
    for name in ("status", "status_code", "code"):
        value = getattr(error, name, None)
        if isinstance(value, int) and 400 <= value < 600:
            return value
    return None


def _is_of_credentials(error: BaseException) -> bool:
    # azure.core, azure.identity; google.auth's, whose home tells it
    name, home = type(error).__name__, type(error).__module__
    return name in ("ClientAuthenticationError", "CredentialUnavailableError") or (
        home.startswith("google.auth") and name != "TransportError"
    )


def _is_of_network(error: BaseException) -> bool:
    home = type(error).__module__.partition(".")[0]
    return isinstance(error, OSError | EOFError) or home in (
        "aiohttp",
        "azure",
        "google",
        "requests",
    )


def _reason(error: BaseException) -> str:
    """Why, in a few words."""
    text = getattr(error, "message", None) or str(error)
    if isinstance(error, TimeoutError):
        text = "it did not answer in time"
    elif isinstance(error, OSError) and type(error.errno) is int and error.errno > 0:
        text = os.strerror(error.errno)  # asyncio has a text of its own
    found = re.search(r"\[Errno -?\d+\] ([^\]'\")]+)", str(text))
    line = (found[1] if found else str(text)).strip().partition("\n")[0].strip()
    line = " ".join(line.split()).rstrip(".:") or type(error).__name__
    return line if len(line) <= _MAX_REASON else f"{line[:_MAX_REASON]}…"
