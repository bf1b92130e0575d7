"""The business code: what a message is, and what to do with it. It knows no Lambda events."""

from shared.new_sensor_reading import NewSensorReading
from shared.new_sensor_reading_handler import NewSensorReadingHandler, TemperatureTooHighError
from shared.parsing import DeserializationError, EmptyBodyError, MessageParseError, parse_reading

__all__ = [
    "DeserializationError",
    "EmptyBodyError",
    "MessageParseError",
    "NewSensorReading",
    "NewSensorReadingHandler",
    "TemperatureTooHighError",
    "parse_reading",
]
