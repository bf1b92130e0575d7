"""AWS Signature Version 4 as far as the endpoint looks at it: its form, and what it tells.

Any key and any signature are accepted. The access key tells the account, the credential scope the
region and the service. Source of the sentences: https://github.com/mhart/kinesalite.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from kinesis_cli.local.http.messages import Request
from kinesis_cli.local.kinesis.errors import ServiceError

DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"

_IN_HEADER = ("Credential", "Signature", "SignedHeaders")
_IN_QUERY = (
    *("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"),
    *("X-Amz-SignedHeaders", "X-Amz-Date"),
)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed a request, and for what."""

    account: str
    region: str
    service: str  # as AWS signs for it: "kinesis", "monitoring"; empty: not told
    key: str = ""  # the access key id; empty: not told

    @classmethod
    def of(cls, request: Request) -> "Signer":
        """What the request tells; defaults for what it does not."""
        credential = _credential(request).split("/")
        key, _, region, service = (*credential, "", "", "", "")[:4]
        return cls(
            account=key if re.fullmatch(r"\d{12}", key, re.ASCII) else DEFAULT_ACCOUNT,
            region=region or DEFAULT_REGION,
            service=service.lower(),
            key=key,
        )


def _credential(request: Request) -> str:
    if header := request.headers.get("authorization"):
        return _parts(header).get("Credential", "")
    return request.query("X-Amz-Credential") if "X-Amz-Credential" in request.query_string else ""


def _parts(header: str) -> Mapping[str, str]:
    """`Name=value` of an Authorization header."""
    words = re.split(r"[,\s]+", header)[1:]
    return dict(word.partition("=")[::2] for word in words)


def check_form(request: Request) -> None:
    """That the request is signed as AWS demands, whatever the signature is.

    Raises:
        ServiceError: MissingAuthenticationTokenException and its like.
    """
    header = request.headers.get("authorization")
    in_query = "X-Amz-Algorithm" in request.query_string
    if header and in_query:
        raise ServiceError(
            "InvalidSignatureException",
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP"
            " header.",
        )
    if header:
        _check_header(header, request)
    elif in_query:
        _check_query(parse_qs(request.query_string))
    else:
        raise ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token")


def _check_header(header: str, request: Request) -> None:
    parts = _parts(header)
    problems = [
        f"Authorization header requires '{name}' parameter."
        for name in _IN_HEADER
        if not parts.get(name)
    ]
    if "x-amz-date" not in request.headers and "date" not in request.headers:
        problems.append(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    if problems:
        raise ServiceError(
            "IncompleteSignatureException", f"{' '.join(problems)} Authorization={header}"
        )


def _check_query(query: Mapping[str, list[str]]) -> None:
    problems = [
        f"AWS query-string parameters must include '{name}'."
        for name in _IN_QUERY
        if name not in query
    ]
    if problems:
        raise ServiceError(
            "IncompleteSignatureException",
            f"{' '.join(problems)} Re-examine the query-string parameters.",
        )
