"""What AWS answers when a request's time is far from its own; virtual time is."""

from __future__ import annotations

# Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
_CLOCK_ERRORS = frozenset(
    {
        "InvalidSignatureException",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)


def is_refused_for_its_clock(error: BaseException) -> bool:
    """Return whether botocore raised AWS's refusal, or what led to `error` was one."""
    seen: set[int] = set()  # a chain of exceptions may be a ring
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        if _code(one) in _CLOCK_ERRORS:
            return True
        seen.add(id(one))
        one = one.__cause__ or one.__context__
    return False


def _code(error: BaseException) -> str:
    """AWS's code of an error of botocore's, a `ClientError`; "" of any other."""
    response = getattr(error, "response", None)
    told = response.get("Error") if isinstance(response, dict) else None
    return str(told.get("Code", "")) if isinstance(told, dict) else ""
