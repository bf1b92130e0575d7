"""The message: one reading of a sensor."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field, with_config

Int64 = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]


@with_config(ConfigDict(strict=True, allow_inf_nan=False))
@dataclass(frozen=True, slots=True)
class NewSensorReading:
    """A reading as sensors send it: `{"temperature": 25.5, "readingTimestamp": 1545084650}`.

    Nothing is coerced: `"25.5"` and `true` are no temperatures, `1.0` and `1e3` no timestamps.
    Fields that are not named here are ignored. Of a repeated field the last one counts.
    """

    temperature: float  # any finite JSON number; degrees Celsius
    reading_timestamp: Annotated[
        Int64, Field(alias="readingTimestamp")
    ]  # JSON integer; epoch milliseconds
