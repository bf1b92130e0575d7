"""The one exception tree. Rooms raise; only ``cli`` turns an error into text and an exit code.

KcliError
├── InputError      arguments, a file, the project's settings     exit code 2
└── EndpointError   AWS or the local endpoint                     exit code 3
"""


class KcliError(Exception):
    """Something the user can put right. Shown as a sentence, never as a traceback.

    Args:
        problem: what is wrong, one clause without a full stop.
        place: where: file, line, record, field.
        advice: what to do about it, one sentence.
    """

    def __init__(self, problem: str, *, place: str = "", advice: str = "") -> None:
        super().__init__(f"{place}: {problem}" if place else problem)
        self.problem, self.place, self.advice = problem, place, advice


class InputError(KcliError):
    """Arguments, a file or the project's settings are not usable."""


class EndpointError(KcliError):
    """AWS or the local endpoint refused, or could not be reached.

    Args:
        problem: what is wrong, one clause without a full stop.
        place: where.
        advice: what to do about it, one sentence.
        code: AWS's code of the error, such as "ResourceNotFoundException"; "": it answered none.
    """

    def __init__(self, problem: str, *, place: str = "", advice: str = "", code: str = "") -> None:
        super().__init__(problem, place=place, advice=advice)
        self.code = code


def aws_code(error: BaseException) -> str:
    """Return AWS's code of an error, which alone tells errors apart; "" where it has none.

    The text of an error names what the user named: a function `IsAccessDenied` is not a refusal.

    Args:
        error: an EndpointError, or what botocore raised.
    """
    if isinstance(error, EndpointError):
        return error.code
    response = getattr(error, "response", None)  # botocore's ClientError and EventStreamError
    detail = response.get("Error") if isinstance(response, dict) else None
    return str(detail.get("Code", "")) if isinstance(detail, dict) else ""


def is_access_denied(code: str) -> bool:
    """Return whether AWS's code says that the caller lacks a permission."""
    return code in _ACCESS_DENIED


_ACCESS_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "UnauthorizedException",
        "UnauthorizedOperation",
    }
)
