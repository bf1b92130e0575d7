"""Lists in pages: MaxItems and Marker."""

import base64
from collections.abc import Sequence
from typing import Any

from kinesis_cli.local.lambda_api.errors import invalid_parameter

DEFAULT_ITEMS = 50  # of a page, and the most of one


def page(member: str, found: Sequence[object], parameters: dict[str, Any]) -> dict[str, Any]:
    """A page of a list under the name of its member, with the marker of the next one.

    Raises:
        LambdaError: the marker is none of ours.
    """
    start = 0
    if marker := parameters.get("Marker"):
        try:
            start = int(base64.b64decode(marker, validate=True))
        except ValueError as error:
            raise invalid_parameter("Invalid marker.") from error
    end = start + min(parameters.get("MaxItems") or DEFAULT_ITEMS, DEFAULT_ITEMS)
    answer: dict[str, Any] = {member: list(found[start:end])}
    if end < len(found):
        answer["NextMarker"] = base64.b64encode(str(end).encode()).decode()
    return answer
