"""Faults that pass: which these are, when to try again, how often to tell of them."""

from dataclasses import dataclass
from random import Random

from kinesis_cli.errors import aws_code

GIVE_UP_AFTER = 600.0  # seconds without one good answer
TELL_AFTER = 5.0  # seconds of trouble before the user hears of it
MAX_PAUSE = 20.0  # seconds between two tries

# Codes after which the same call may be made again, whatever the service and the status.
# UNSURE(logs-rates): an old guide allows 5 FilterLogEvents a second; we stay below and back off.
_CODES = {
    "InternalFailure",
    "InternalFailureException",
    "InternalServerError",
    "KMSThrottlingException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_NOT_IMPLEMENTED = 501  # a web server's word for a method that it does not know


def passes(error: Exception) -> bool:
    """Return whether trying again may help: the service is busy or broken, or no answer came."""
    if aws_code(error) in _CODES:
        return True
    response = getattr(error, "response", None) or {}  # of botocore's ClientError, EventStreamError
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status:
        return bool(status >= 500 and status != _NOT_IMPLEMENTED)
    return isinstance(error, _interruptions())


def _interruptions() -> tuple[type[Exception], ...]:
    """What botocore and urllib3 raise where no answer came, or only a part of one."""
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.exceptions import HTTPClientError, ResponseStreamingError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    from kinesis_cli.aws.answers import TornAnswerError

    return (
        HTTPClientError,
        HTTPError,
        NoConnection,
        ResponseParserError,
        ResponseStreamingError,
        TornAnswerError,
    )


@dataclass(slots=True)
class Trouble:
    """Failures of the same thing in a row."""

    failures: int = 0
    since: float = 0.0  # `time.monotonic` of the first of these

    def add(self, now: float) -> float:
        """Count a failure; return for how many seconds they have lasted."""
        if not self.failures:
            self.since = now
        self.failures += 1
        return now - self.since

    def end(self) -> None:
        """Forget the failures: it worked."""
        self.failures = 0

    def is_worth_telling(self, lasts: float) -> bool:
        """Return whether the user hears of this failure: after a while, and ever less often."""
        return lasts > TELL_AFTER and self.failures & (self.failures - 1) == 0

    def pause(self, random: Random, base: float) -> float:
        """Return the seconds until the next try: longer each time, with full jitter.

        Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
        """
        return random.uniform(0.0, min(MAX_PAUSE, base * 2 ** min(self.failures, 30)))
