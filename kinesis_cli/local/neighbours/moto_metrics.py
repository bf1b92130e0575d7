"""The figures of streams and functions in moto's CloudWatch; imported with moto only."""

from datetime import UTC, datetime

from moto.cloudwatch.models import MetricAggregatedDatum
from moto.core.common_models import CloudWatchMetricProvider

from kinesis_cli.local.metrics import Metrics


def provide(metrics: Metrics) -> type:
    """Let moto's CloudWatch have the figures, whenever it is asked for any.

    Returns:
        The provider class; keep a reference, moto finds it by `__subclasses__`.
    """

    class Provider(CloudWatchMetricProvider):
        @staticmethod
        def get_cloudwatch_metrics(account_id: str, region: str) -> list[MetricAggregatedDatum]:
            return [
                MetricAggregatedDatum(
                    namespace=series.namespace,
                    name=series.name,
                    min_stat=figures.least,
                    max_stat=figures.greatest,
                    sample_count=figures.count,
                    sum_stat=figures.total,
                    dimensions=[{"Name": series.dimension, "Value": series.resource}],
                    # without a zone, as moto has it
                    timestamp=datetime.fromtimestamp(at, UTC).replace(tzinfo=None),
                    unit=series.unit,
                )
                for at, series, figures in metrics.of(account_id, region)
            ]

    return Provider
