import json
from typing import Any

import pytest

from kinesis_cli.local.function.embedded_metrics import embedded_metrics

NOW = 1_700_000_000_000  # epoch milliseconds


def line(**changes: Any) -> str:  # noqa: ANN401
    document = {
        "_aws": {
            "Timestamp": NOW,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Shop",
                    "Dimensions": [["service"], []],
                    "Metrics": [{"Name": "orders", "Unit": "Count"}, {"Name": "latency"}],
                }
            ],
        },
        "service": "checkout",
        "orders": 3,
        "latency": [1.5, 2],
        **changes,
    }
    return json.dumps(document)


def test_each_set_of_dimensions_gets_each_metric() -> None:
    found = list(embedded_metrics(["START", line(), "END"]))
    assert [(namespace, d["MetricName"], d["Unit"]) for namespace, d in found] == [
        ("Shop", "orders", "Count"),
        ("Shop", "latency", "None"),
    ] * 2
    first, second, *_ = (datum for _, datum in found)
    assert first["Value"] == 3
    assert second["Values"] == [1.5, 2]
    assert first["Dimensions"] == [{"Name": "service", "Value": "checkout"}]
    assert first["Timestamp"] == NOW / 1000
    assert found[2][1]["Dimensions"] == []


@pytest.mark.parametrize(
    "text",
    [
        '{"_aws": ',
        '{"_aws": 1}',
        '["_aws"]',
        line(_aws={"Timestamp": "x", "CloudWatchMetrics": []}),
        line(_aws={"Timestamp": NOW, "CloudWatchMetrics": [1, {"Namespace": ""}, None]}),
        line(service=1).replace(", []]", "]"),
        line(orders="3", latency=[]),
        line(orders=True, latency=["x"]),
        '{"_aws": ' + "[" * 100_000,
    ],
)
def test_what_breaks_the_format_is_only_a_line(text: str) -> None:
    assert list(embedded_metrics([text])) == []
