"""What CloudWatch would show of a minute, under its names."""

import msgspec

from kinesis_cli.event_source_mapping.metrics import MinuteMetrics
from kinesis_cli.show.simulation.documents import minute_document


def counts_of(minute: MinuteMetrics) -> dict[str, int]:
    """The EventCount metrics, as `kcli simulate` prints them."""
    members = msgspec.to_builtins(minute_document(minute))
    return {name: value for name, value in members.items() if name.endswith("EventCount")}
