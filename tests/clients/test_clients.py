"""Real clients in their own languages (`README.md` beside): nothing lost, nothing doubled."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest

from docs.make_clients import PAGE, RESULTS, row
from tests.clients.libraries import LIBRARIES, Library
from tests.clients.running import Endpoint, Run
from tests.language_builds import LONG_BUILDS
from tests.patience import PATIENCE

pytestmark = [pytest.mark.slow, pytest.mark.builds]


def marks(library: Library) -> list[pytest.MarkDecorator]:
    why = f"`make soak`, or KCLI_LONG_BUILDS, builds the {library.name}: it takes minutes of a core"
    return [
        pytest.mark.xdist_group(f"client-{library.id}"),
        pytest.mark.skipif(library.builds_long and not LONG_BUILDS, reason=why),
    ]


@pytest.mark.parametrize(
    "library", [pytest.param(each, id=each.id, marks=marks(each)) for each in LIBRARIES]
)
def test_reads_all_once_and_in_order_through_split_merge_resize_and_kill_9(
    library: Library, serve: Callable[..., Endpoint], run: Callable[[Library, Endpoint], Run]
) -> None:
    endpoint = serve(*library.options)
    client = run(library, endpoint)
    client.put(1000)
    client.producer.does("split")
    client.put(1000)
    client.producer.does("merge")
    client.put(1000)
    client.begin_to_put(1000)
    endpoint.kill()
    endpoint.start()
    client.finish_to_put()
    client.producer.does("resize 4")
    client.put(1000)
    if library.measures:
        client.producer.does("measure 5000")
        assert measured(endpoint) == 5000
    client.catch_up()
    if "KCL" in library.name:
        for role in library.readers:
            wait_for_leases_and_metrics(endpoint, f"{library.id}-{role}")
    calls = endpoint.calls()  # before ours, which check what it put
    client.check()
    [version] = client.producer.told("version")
    compare_with_page(library, version, calls)


def wait_for_leases_and_metrics(endpoint: Endpoint, application: str) -> None:
    """The KCL keeps a lease for each shard in DynamoDB, and puts metrics in CloudWatch."""
    leases = endpoint.client("dynamodb").scan(TableName=application)["Items"]
    assert any("checkpoint" in lease for lease in leases)
    cloudwatch, end = endpoint.client("cloudwatch"), monotonic() + PATIENCE
    seen = set[str]()
    while "RecordsProcessed" not in seen:  # it puts them every second
        assert monotonic() < end, seen
        metrics = cloudwatch.list_metrics(Namespace=application)["Metrics"]
        seen = {metric["MetricName"] for metric in metrics}


def measured(endpoint: Endpoint) -> float:
    """The metric that a client has put."""
    end = datetime.now(UTC)
    [point] = endpoint.client("cloudwatch").get_metric_statistics(
        Namespace="client",
        MetricName="Records",
        StartTime=end - timedelta(hours=1),
        EndTime=end + timedelta(hours=1),
        Period=7200,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(point["Sum"])


def compare_with_page(library: Library, version: str, calls: set[str]) -> None:
    """Keep what was seen for `docs/make_clients.py`; its row must be as it was."""
    result = {
        "name": library.name,
        "version": version,
        "calls": sorted(calls),
        "readers": list(library.readers),
        "records": 5000,
        "waits_because": library.waits_because,
        "aggregates": library.aggregates,
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{library.id}.json").write_text(json.dumps(result))
    page = PAGE.read_text()
    assert f"{row(result)}\n" in page, (
        "docs/local.md is not as this run: python docs/make_clients.py"
    )
