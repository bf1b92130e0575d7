"""What the shapes have in common."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Version = Annotated[
    Literal[1],
    Meta(description="Of this shape: a member that goes, or means something else, raises it."),
]
Count = Annotated[int, Meta(ge=0)]
Open = Mapping[str, Any]  # an object whose members are not kcli's


def says(text: str) -> Meta:
    """What a member is, with its unit; for `Annotated`."""
    return Meta(description=text)


REFERENCE = "#/$defs/"  # what a schema calls another shape by


def written_as(shape: str) -> Meta:
    """Of a document of AWS's: it is a dictionary, made where AWS's rules are.

    Args:
        shape: what it looks like: a class of `as_aws`, which nothing but the schemas is made of.
    """
    return Meta(extra_json_schema={"$ref": REFERENCE + shape})


class Shape(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """An object with these members and no others; a member with a default may be absent."""
