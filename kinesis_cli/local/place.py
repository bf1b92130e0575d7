"""Where the project's resources are on this machine.

The template speaks of an account and endpoints of AWS that stand in for the real ones. Here the
resources are in the endpoint's own account, and a queue's URL is the endpoint's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

from kinesis_cli.local.http.signature import DEFAULT_ACCOUNT
from kinesis_cli.project.template.values import ACCOUNT_ID, region

Value = TypeVar("Value")

# A stream that another stack owns: here it is the project's own, under its name.
_FOREIGN_STREAM = re.compile(r"\barn:aws[a-z-]*:kinesis:[a-z0-9-]+:\d{12}:stream/")

# Of a table: the template's, whose label stands in for the real one, or another stack's.
_TABLE_STREAM = re.compile(
    r"\barn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table/(?P<table>[\w.-]+)/stream/(?P<label>[\dT:.-]+)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the functions and what they use are."""

    endpoint: str  # URL
    region: str
    account: str = DEFAULT_ACCOUNT  # twelve digits
    stream_labels: Mapping[str, str] = field(default_factory=dict, hash=False)  # by table

    def function_arn(self, name: str) -> str:
        """The ARN of a function."""
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{name}"

    def stream_arn(self, name: str) -> str:
        """The ARN of a stream."""
        return f"arn:aws:kinesis:{self.region}:{self.account}:stream/{name}"

    def localised(self, value: Value) -> Value:
        """`value` with the template's stand-ins for AWS replaced by what is here."""
        if isinstance(value, str):
            queues = f"https://sqs.{region()}.amazonaws.com/{ACCOUNT_ID}/"
            text = value.replace(queues, f"{self.endpoint}/{self.account}/")
            text = _FOREIGN_STREAM.sub(self.stream_arn(""), text)
            text = _TABLE_STREAM.sub(self._table_stream, text)
            return cast("Value", text.replace(f":{ACCOUNT_ID}:", f":{self.account}:"))
        if isinstance(value, Mapping):
            return cast("Value", {name: self.localised(each) for name, each in value.items()})
        if isinstance(value, list):
            return cast("Value", [self.localised(each) for each in value])
        return value

    def _table_stream(self, match: re.Match[str]) -> str:
        """The ARN of the stream that the table has here, as far as it is known."""
        table = match["table"]
        label = self.stream_labels.get(table) or match["label"]
        return f"arn:aws:dynamodb:{self.region}:{self.account}:table/{table}/stream/{label}"
