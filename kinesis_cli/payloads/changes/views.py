"""What a table's stream shows of a change."""

from enum import StrEnum

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.changes.attribute_values import Item
from kinesis_cli.payloads.changes.writes import Write


class View(StrEnum):
    """StreamViewType of a table's StreamSpecification.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_StreamSpecification.html
    """

    NEW_AND_OLD_IMAGES = "NEW_AND_OLD_IMAGES"
    NEW_IMAGE = "NEW_IMAGE"
    OLD_IMAGE = "OLD_IMAGE"
    KEYS_ONLY = "KEYS_ONLY"

    def new_image(self, write: Write) -> Item | None:
        """Return the item afterwards, where there is one and the stream shows it."""
        return write.new if self in (View.NEW_IMAGE, View.NEW_AND_OLD_IMAGES) else None

    def old_image(self, write: Write) -> Item | None:
        """Return the item before, where there was one and the stream shows it."""
        return write.old if self in (View.OLD_IMAGE, View.NEW_AND_OLD_IMAGES) else None


def view_named(text: str, place: str = "--view") -> View:
    """Read a StreamViewType.

    Raises:
        InputError: it is another word.
    """
    try:
        return View(text.upper())
    except ValueError:
        problem = f"{text!r} is not a StreamViewType: {', '.join(View)}"
        raise InputError(problem, place=place) from None


def event_name(write: Write) -> str:
    """Return INSERT, MODIFY or REMOVE."""
    if write.new is None:
        return "REMOVE"
    return "INSERT" if write.old is None else "MODIFY"


# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
TTL_IDENTITY = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
