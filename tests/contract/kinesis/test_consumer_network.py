"""Our consumer before each server, behind a bad network: nothing lost, nothing twice, in order."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from mypy_boto3_kinesis import KinesisClient

from kinesis_cli.aws.consuming.consumer import ReadPlan, ShardRecords
from kinesis_cli.stream.record import Record
from tests.e2e.fault_proxy import Faults, fault_proxy
from tests.servers import Started

from .consuming import ALL, KEYS, Writer, assert_complete, consumer, records

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("credentials")]

READS = ("GetRecords", "GetShardIterator")
FAULTS = {
    "500": Faults(READS, error=0.25),
    "cut before": Faults(READS, cut_before=0.25),
    "cut after": Faults(READS, cut_after=0.25),
    "malformed": Faults(READS, malformed=0.25),
    "empty": Faults(READS, empty=0.25),
    "throttled": Faults(READS, throttled=0.25),
    "expired": Faults(READS, expired=0.25),
    "all of it": Faults(
        READS, cut_before=0.1, cut_after=0.1, malformed=0.1, throttled=0.1, expired=0.1
    ),
}


def read(url: str, server: Started, stream: str, plan: ReadPlan) -> Iterator[ShardRecords]:
    """What comes through a proxy; that trouble is told is no matter here."""
    proxy = Started("proxy", int(url.rpartition(":")[2]), server.pid)
    return consumer(proxy, stream, plan, warn=lambda _: None).poll()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_network_neither_loses_nor_repeats_a_record(
    server: Started, kinesis: KinesisClient, stream: str, fault: str
) -> None:
    writer, found = Writer(kinesis, stream), list[Record]()
    with fault_proxy(server.port, replace(FAULTS[fault])) as url:
        for batch in read(url, server, stream, ReadPlan(ALL)):
            found += batch.records
            if len(found) == writer.number == 3 * KEYS:
                break
            if len(found) == writer.number:
                writer.put(KEYS)
    assert_complete(found, 3 * KEYS)


@pytest.mark.parametrize("fault", ["malformed", "empty"])
def test_a_torn_answer_is_no_end_of_a_shard(
    server: Started, kinesis: KinesisClient, stream: str, fault: str
) -> None:
    Writer(kinesis, stream).put(2 * KEYS)
    with fault_proxy(server.port, replace(FAULTS[fault])) as url:
        found = records(read(url, server, stream, ReadPlan(ALL, follow=False)))
    assert_complete(found, 2 * KEYS)
