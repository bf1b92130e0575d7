"""What is done with a reading. Replace the body of `handle` by your own work."""

import logging

from shared.new_sensor_reading import NewSensorReading

logger = logging.getLogger(__name__)

MAX_TEMPERATURE = 100.0  # degrees Celsius; the limit itself is still good


class TemperatureTooHighError(Exception):
    """The reading is hotter than a reading may be."""


class NewSensorReadingHandler:
    """Handles readings, one at a time."""

    def handle(self, reading: NewSensorReading) -> None:
        """Do the work for one reading.

        Raises:
            TemperatureTooHighError: the reading is above `MAX_TEMPERATURE`. Any exception fails
                the record, and Lambda delivers it again.
        """
        logger.info(
            "New message is for temperature %s at time %s",
            reading.temperature,
            reading.reading_timestamp,
        )
        if reading.temperature > MAX_TEMPERATURE:
            raise TemperatureTooHighError(f"the temperature is above {MAX_TEMPERATURE:.2f}")
