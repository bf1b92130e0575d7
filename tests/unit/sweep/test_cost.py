"""What a point costs, held against sums by hand."""

import msgspec
import pytest

from kinesis_cli import InputError
from kinesis_cli.sweep.cost import HOURS, Costs, FunctionSize, Load, Stream, load_of
from kinesis_cli.sweep.measuring import billed
from kinesis_cli.sweep.prices import Prices, Tier, known_prices, own_prices, prices_of, tiered
from tests.unit.streams import record

PRICES = known_prices()
X86 = FunctionSize(1024, "x86_64")
ONE_SHARD = Stream(1, 24, has_fan_out=False)
HOUR = 3600.0
GB = 1 << 30


def costs(
    *,
    size: FunctionSize = X86,
    stream: Stream = ONE_SHARD,
    load: Load | None = None,
    seconds: float = HOUR,
) -> Costs:
    return Costs(PRICES, size, stream, load or Load(), seconds)


def test_calls_and_their_seconds_are_scaled_to_a_month() -> None:
    dollars = costs().of(1_000, 100.0)
    assert dollars.requests == pytest.approx(1_000 * 730 * 0.20 / 1e6)
    assert dollars.compute == pytest.approx(100 * 730 * 0.0000166667)
    assert dollars.stream == pytest.approx(730 * 0.015)
    assert dollars.total == dollars.requests + dollars.compute + dollars.stream


def test_memory_and_processor_count() -> None:
    small = costs(size=FunctionSize(128, "x86_64")).of(0, 8.0).compute
    arm = costs(size=FunctionSize(128, "arm64")).of(0, 8.0).compute
    assert small == pytest.approx(costs().of(0, 1.0).compute)
    assert arm / small == pytest.approx(0.0000133334 / 0.0000166667)


def test_a_stream_pays_for_shards_units_retention_and_fan_out() -> None:
    load = Load(records=1_000, bytes_in=GB // HOURS, payload_units=2_000)
    plain = costs(stream=Stream(4, 24, has_fan_out=False), load=load).of(0, 0).stream
    assert plain == pytest.approx(4 * 730 * 0.015 + 2_000 * 730 / 1e6 * 0.014)
    longer = costs(stream=Stream(4, 48, has_fan_out=False), load=load).of(0, 0).stream
    assert longer - plain == pytest.approx(4 * 730 * 0.02)
    # a GB in a month: what lies there beyond a week is its share of the month
    longest = costs(stream=Stream(4, 168 + 73, has_fan_out=False), load=load).of(0, 0).stream
    assert longest - longer == pytest.approx(0.1 * 0.023, rel=1e-4)
    consumer = costs(stream=Stream(4, 24, has_fan_out=True), load=load).of(0, 0).stream
    assert consumer - plain == pytest.approx(4 * 730 * 0.015 + 0.013, rel=1e-5)


def test_a_stream_on_demand_pays_for_what_goes_in_and_out() -> None:
    load = Load(records=1, bytes_in=GB // HOURS, payload_units=1)
    plain = costs(stream=Stream(None, 24, has_fan_out=False), load=load).of(0, 0).stream
    assert plain == pytest.approx(730 * 0.04 + 0.08 + 0.04, rel=1e-6)
    consumer = costs(stream=Stream(None, 24, has_fan_out=True), load=load).of(0, 0).stream
    assert consumer - plain == pytest.approx(0.05 - 0.04, rel=1e-4)
    kept = costs(stream=Stream(None, 24 + 73, has_fan_out=False), load=load).of(0, 0).stream
    assert kept - plain == pytest.approx(0.1 * 0.10, rel=1e-4)


def test_a_tables_stream_costs_nothing_to_read() -> None:
    found = Costs(PRICES, X86, None, Load(100), HOUR).of(1_000, 100.0)
    assert found.stream == 0.0
    assert found.requests == costs().of(1_000, 100.0).requests


def test_a_recording_of_one_moment_says_nothing_of_a_month() -> None:
    found = costs(load=Load(records=500), seconds=0.0)
    assert not found.is_of_a_month
    assert found.of(100, 10.0).requests == pytest.approx(100 * 2_000 * 0.20 / 1e6)
    assert found.of(100, 10.0).stream == 0.0


def test_records_are_measured_as_aws_bills_them() -> None:
    small, large = record(0, data="{}", key="k"), record(1, data="x" * (25 << 10), key="ab")
    assert load_of([small, large]) == Load(2, 1024 + 26 * 1024, 1 + 2)


@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [(100.0, 0.1), (100.0001, 0.1), (100.2, 0.101), (0.0, 0.0)]
)
def test_calls_are_billed_in_whole_milliseconds(milliseconds: float, seconds: float) -> None:
    assert billed(milliseconds) == seconds


def test_tiers_are_paid_one_after_the_other() -> None:
    tiers = (Tier(2.0, 10.0), Tier(1.0, 20.0), Tier(0.5))
    assert tiered(5, tiers) == 10
    assert tiered(10, tiers) == 20
    assert tiered(25, tiers) == 20 + 10 + 2.5


# --- prices


def test_the_prices_name_their_region_date_and_sources() -> None:
    assert PRICES.region == "us-east-1"
    assert PRICES.date.startswith("20")
    assert all(source.startswith("https://aws.amazon.com/") for source in PRICES.sources)
    assert msgspec.json.decode(msgspec.json.encode(PRICES), type=Prices) == PRICES


def test_given_prices_stand_in_for_those_that_they_name() -> None:
    given = prices_of({"region": "eu-west-1", "provisioned": {"shardHour": 0.017}}, "mine.yaml")
    assert (given.region, given.provisioned.shard_hour) == ("eu-west-1", 0.017)
    assert given.on_demand == PRICES.on_demand
    assert prices_of(msgspec.json.decode(own_prices()), "own") == PRICES


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "Expected `object`"),
        ({"shardHour": 1}, "unknown field `shardHour`"),
        ({"provisioned": {"shardHour": "much"}}, "$.provisioned.shardHour"),
        ({"provisioned": {"shardHour": -1}}, "below 0"),
        ({"lambda": {"gbSecond": {"x86_64": []}}}, "the last tier"),
        ({"lambda": {"gbSecond": {"x86_64": [{"price": 1, "upTo": 5}]}}}, "the last tier"),
    ],
)
def test_what_are_no_prices_is_refused(document: object, said: str) -> None:
    with pytest.raises(InputError) as refused:
        prices_of(document, "--prices mine.yaml")
    assert said in str(refused.value)
    assert refused.value.place == "--prices mine.yaml"
