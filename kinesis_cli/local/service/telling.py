"""What the functions and mappings say: to whoever listens, and to CloudWatch."""

from kinesis_cli.local.function.activity import Activity, Called, Tell
from kinesis_cli.local.metrics import Metrics, Series
from kinesis_cli.local.place import Place


class Telling:
    """Passes on what happens, and measures it.

    Args:
        metrics: CloudWatch's.
    """

    place: Place  # of the project; known once the server listens

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._listeners: list[Tell] = []

    def listen(self, listener: Tell) -> None:
        """Tell `listener` what happens, as it happens."""
        self._listeners.append(listener)

    def tell(self, activity: Activity) -> None:
        """Pass on what happened."""
        if isinstance(activity, Called) and activity.iterator_age is not None:
            age = activity.iterator_age * 1000
            self.measure(self.place, activity.function, "IteratorAge", age, "Milliseconds")
        for listener in self._listeners:
            listener(activity)

    def measure(self, place: Place, function: str, name: str, value: float, unit: str) -> None:
        """Give CloudWatch a figure of a function."""
        series = Series(
            *(place.account, place.region),
            *("AWS/Lambda", "FunctionName", function, name, unit),
        )
        self._metrics.add(series, value)

    def count(self, mapping: str, name: str, records: int) -> None:
        """Count records for CloudWatch: AWS does where MetricsConfig asks for it, kcli always."""
        series = Series(
            *(self.place.account, self.place.region),
            *("AWS/Lambda", "EventSourceMappingUUID", mapping, name, "Count"),
        )
        self._metrics.add(series, records)
