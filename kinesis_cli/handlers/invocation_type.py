"""How Lambda's API is asked to call a function; apart, since start-up counts.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from enum import StrEnum


class InvocationType(StrEnum):
    """How a function is called."""

    REQUEST_RESPONSE = "RequestResponse"  # and waited for
    EVENT = "Event"  # by Lambda, later
    DRY_RUN = "DryRun"  # not at all; whether it may be


class LogType(StrEnum):
    """Whether the end of the log comes with the answer."""

    NONE = "None"
    TAIL = "Tail"  # its last 4 KB
