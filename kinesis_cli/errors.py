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

    Each quotes what the user wrote, which may have any length: of a very long text both ends stay.
    """

    def __init__(self, problem: str, *, place: str = "", advice: str = "") -> None:
        problem, place, advice = _bounded(problem), _bounded(place), _bounded(advice)
        super().__init__(f"{place}: {problem}" if place else problem)
        self.problem, self.place, self.advice = problem, place, advice


_LONGEST = 1_500  # characters; those of what files hold are far fewer, unless somebody means harm


def _bounded(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST - 400]} … {text[-397:]}"


class InputError(KcliError):
    """Arguments, a file or the project's settings are not usable."""


class InputErrors:
    """Around a loader or resolver of what users write: whatever it raises becomes an InputError.

    Those of YAML, TOML and JSON raise more than their own errors: ValueError for a thirteenth
    month, AttributeError, KeyError. A class and no generator, since `contextlib` costs start-up.

    Args:
        place: of the text, for people.
        kind: what it should be, "YAML"; "": what may be wrong is what it says.
    """

    def __init__(self, place: object, kind: str = "") -> None:
        self.place, self.kind = str(place), kind

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, KcliError):
            raise InputError(self._problem(error), place=self.place) from error

    def _problem(self, error: Exception) -> str:
        if isinstance(error, RecursionError):
            return "is nested too deeply, or refers to itself without end"
        if isinstance(error, OSError):
            named = f"{_shortened(str(error.filename))}: " if error.filename is not None else ""
            named = "" if named == f"{self.place}: " else named
            return f"cannot be read: {named}{(error.strerror or str(error)).lower()}"
        if isinstance(error, UnicodeDecodeError):
            return "is not UTF-8 text"
        reason = _shortened(" ".join(str(error).split())) or type(error).__name__
        if isinstance(error, LookupError | AttributeError | TypeError):
            reason = f"{type(error).__name__}: {reason}"  # alone it would be a riddle
        return f"is not {self.kind}: {reason}" if self.kind else f"cannot be used: {reason}"


def _shortened(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:297]}..."


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
