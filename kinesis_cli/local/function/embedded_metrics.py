"""Metrics that a function writes into its log, as CloudWatch finds them there (EMF).

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

MAX_VALUES = 100  # of one metric in a line
MAX_METRICS = 100  # of one directive
MAX_DIMENSIONS = 30

_MARK = '"_aws"'


def embedded_metrics(lines: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The metrics in a log's lines: a namespace, and a datum as PutMetricData takes it.

    A line that is not in the format, or breaks its rules, is only a line.
    """
    for line in lines:
        if _MARK in line and (document := _document(line)):
            yield from _of_document(document)


def _document(line: str) -> Mapping[str, Any] | None:
    try:
        document = msgspec.json.decode(line)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return None
    if not isinstance(document, dict) or not isinstance(document.get("_aws"), dict):
        return None
    return document


def _of_document(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    metadata = document["_aws"]
    directives, timestamp = metadata.get("CloudWatchMetrics"), metadata.get("Timestamp")
    if not isinstance(directives, list) or not _is_number(timestamp):
        return
    for directive in directives:
        match directive:
            case {"Namespace": str(namespace), "Metrics": [*metrics]} if namespace:
                sets = directive.get("Dimensions") or [[]]
                for names in sets if isinstance(sets, list) else []:
                    dimensions = _dimensions(document, names)
                    for metric in metrics[:MAX_METRICS]:
                        if dimensions is not None and (datum := _datum(document, metric)):
                            yield (
                                namespace,
                                {
                                    **datum,
                                    "Dimensions": dimensions,
                                    "Timestamp": timestamp / 1000,
                                },
                            )


def _dimensions(document: Mapping[str, Any], names: object) -> list[dict[str, str]] | None:
    """A set of dimensions with their values; None: one of them has none."""
    if not isinstance(names, list) or len(names) > MAX_DIMENSIONS:
        return None
    values = [(name, document.get(name)) for name in names if isinstance(name, str)]
    if len(values) < len(names) or not all(isinstance(value, str) for _, value in values):
        return None
    return [{"Name": name, "Value": str(value)} for name, value in values]


def _datum(document: Mapping[str, Any], metric: object) -> dict[str, Any] | None:
    if not isinstance(metric, dict) or not isinstance(name := metric.get("Name"), str):
        return None
    value = document.get(name)
    datum: dict[str, Any] = {"MetricName": name, "Unit": metric.get("Unit", "None")}
    if _is_number(value):
        return {**datum, "Value": value}
    if isinstance(value, list) and 0 < len(value) <= MAX_VALUES:
        return {**datum, "Values": value} if all(map(_is_number, value)) else None
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
