"""What the shapes have in common."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Version = Annotated[
    Literal[1],
    Meta(description="Of this shape: a member that goes, or means something else, raises it."),
]
Count = Annotated[int, Meta(ge=0)]
Open = dict[str, Any]  # an object whose members are not kcli's


def says(text: str) -> Meta:
    """What a member is, with its unit; for `Annotated`."""
    return Meta(description=text)


class Shape(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """An object with these members and no others; a member with a default may be absent."""


class AwsShape(msgspec.Struct, forbid_unknown_fields=True, rename="pascal"):
    """The same with members in AWS's capitals: `BatchSize`."""
