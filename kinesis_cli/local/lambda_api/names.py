"""What a function is called: its name, a whole ARN or a part of one, with or without a qualifier.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html and LocalStack's
snapshots recorded on AWS.
"""

import re
from dataclasses import dataclass

from kinesis_cli.local.lambda_api.errors import LambdaError, invalid_parameter, not_found, not_there
from kinesis_cli.local.place import Place

_NAME = re.compile(
    r"(?P<arn>arn:aws[a-zA-Z-]*:lambda:)?"
    r"(?:(?P<region>(?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?"
    r"(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[A-Za-z0-9_.-]+)(?::(?P<qualifier>[A-Za-z0-9_$.-]+))?"
)


@dataclass(frozen=True, slots=True)
class Name:
    """A function, and which of its versions or aliases is meant."""

    name: str
    qualifier: str = ""  # as it was given; empty: none was
    is_whole_arn: bool = False

    @property
    def reference(self) -> str:
        """`name`, or `name:qualifier`."""
        return f"{self.name}:{self.qualifier}" if self.qualifier else self.name


def parsed(text: str, qualifier: str | None, place: Place) -> Name:
    """The function that a text means, which the model has let pass.

    Args:
        text: a name, an ARN or a part of one.
        qualifier: of the request; None: it has none.
        place: whose functions are meant.

    Raises:
        LambdaError: it is elsewhere, or the qualifiers contradict each other.
    """
    match = _NAME.fullmatch(text)
    if match is None:
        raise not_there()
    region, account = match["region"], match["account"]
    if region and region != place.region:
        raise not_found(
            f"Functions from '{region}' are not reachable in this region ('{place.region}')"
        )
    if account and account != place.account:
        raise LambdaError(
            403,
            "AccessDeniedException",
            f"kcli's account {place.account} may not use functions of account {account}.",
        )
    given = match["qualifier"] or ""
    if given and qualifier and given != qualifier:
        raise invalid_parameter(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    return Name(match["name"], given or qualifier or "", bool(match["arn"]))
