"""From a stuck mapping to the records that its function fails on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from kinesis_cli.aws.status import MappingState
from kinesis_cli.errors import EndpointError
from kinesis_cli.event_source_mapping.gathering import PAYLOAD_LIMIT_BYTES
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.poison.calling import BatchCaller
from kinesis_cli.poison.reading import MAX_READS, ReadCount, StuckReader
from kinesis_cli.poison.search import NOTHING, Found, Verdict, search
from kinesis_cli.poison.stuck import Estimate
from kinesis_cli.poison.stuck_batch import StuckBatch
from kinesis_cli.stream.lineage import ListedShard
from kinesis_cli.stream.record import Record

MIN_LEAD = (
    5.0  # seconds before the last record of a batch from which on its first one is looked for
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What the function on this machine does with the records of a stuck shard."""

    mapping: MappingState
    shard_id: str  # "": no shard was found in which anything fails
    found: Found
    batch: StuckBatch | None  # what is known of it, on `kcli local`
    read: ReadCount
    calls: int  # of the function here
    shards: int = 1  # that were read


def told_findings(
    mapping: MappingState, batches: Sequence[StuckBatch], reader: StuckReader, call: BatchCaller
) -> Iterator[Finding]:
    """Yield what comes of each stuck shard, where the batches are known that fail.

    Raises:
        EndpointError: the stream cannot be read.
        InputError: the handler cannot be run.
    """
    shards = {each.shard_id: each for each in reader.shards()}
    ordered = sorted(batches, key=lambda batch: (batch.shard_id, int(batch.first)))
    for shard_id, group in groupby(ordered, key=lambda batch: batch.shard_id):
        failing = list(group)  # several where lanes work on the shard
        if shard_id not in shards:
            raise EndpointError(f"{shard_id} has left the stream")
        reader.count, call.calls = ReadCount(), 0
        found = _of_shard(shards[shard_id], failing, reader, call)
        yield Finding(mapping, shard_id, found, failing[0], reader.count, call.calls)


def _of_shard(
    shard: ListedShard, failing: Sequence[StuckBatch], reader: StuckReader, call: BatchCaller
) -> Found:
    first = failing[0].first
    last = max((batch.last for batch in failing), key=int)
    meant, behind = reader.up_to(shard, first, last, MAX_READS - 1)
    handled = reader.handled(shard, failing[0].checkpoint)
    # The user records of an aggregate share its number, and some may be of the batch.
    others = [each for each in handled if each.sequence_number != first]
    return _searched(meant, [*others, *behind], reader.settings, call, all_of=len(failing) > 1)


def estimated_findings(
    mapping: MappingState,
    estimate: Estimate,
    reader: StuckReader,
    call: BatchCaller,
    *,
    timeout: float,
    records_per_second: float | None,
) -> Iterator[Finding]:
    """Yield what comes of each shard in which something fails, where Lambda does not say which.

    All shards are read around the time at which the failing batch's last record arrived.

    Args:
        mapping: that is stuck.
        estimate: when that was.
        reader: of the stream.
        call: the function on this machine.
        timeout: of the function, seconds.
        records_per_second: that one shard takes; None: not known.

    Raises:
        EndpointError: the stream cannot be read.
        InputError: the handler cannot be run.
    """
    lead = lead_seconds(mapping.settings, timeout, records_per_second)
    shards, nothing = reader.shards(), True
    read, calls = ReadCount(), 0
    for shard in shards:
        reader.count, call.calls = ReadCount(), 0
        records = reader.between(shard, estimate.earliest - lead, estimate.latest)
        # all of it: what was given up before may lie there, too
        found = _searched(records, (), reader.settings, call, all_of=True)
        if found.verdict is not Verdict.NONE:
            nothing = False
            yield Finding(mapping, shard.shard_id, found, None, reader.count, call.calls)
        read.records += reader.count.records
        read.reads += reader.count.reads
        calls += call.calls
    if nothing:
        yield Finding(mapping, "", NOTHING, None, read, calls, len(shards))


def lead_seconds(
    settings: EventSourceMapping, timeout: float, records_per_second: float | None
) -> float:
    """How long before its last record the first record of a batch may have arrived, about.

    It holds what came while the call before it ran and while it was gathered, and never more than
    BatchSize.
    """
    gathered = settings.maximum_batching_window_in_seconds + timeout + MIN_LEAD
    if not records_per_second:
        return gathered
    most = settings.batch_size * settings.parallelization_factor
    return min(gathered, max(2 * most / records_per_second, 1.0))


def _searched(
    records: Sequence[Record],
    others: Sequence[Record],
    settings: EventSourceMapping,
    call: BatchCaller,
    *,
    all_of: bool = False,
) -> Found:
    """What comes of the first batch that fails; or of all batches, where several are known to."""
    whole: Found | None = None
    chunks = list(_batches(records, settings.batch_size))
    for place, chunk in enumerate(chunks):
        beside = [each for other in (*chunks[:place], *chunks[place + 1 :]) for each in other]
        found = search(chunk, [*others, *beside], call)
        if found.verdict is Verdict.NONE:
            continue
        if whole is None:
            whole = found
        elif found.verdict is whole.verdict:
            whole = _joined(whole, found)
        if not all_of or whole.verdict is not Verdict.RECORD:
            break
    return whole or NOTHING


def _joined(whole: Found, found: Found) -> Found:
    """The same finding with the suspects of another one, too."""
    return Found(
        whole.verdict,
        (*whole.suspects, *found.suspects),
        whole.why,
        min(whole.compared, found.compared),
        whole.timed_out,
    )


def _batches(records: Sequence[Record], most: int) -> Iterator[list[Record]]:
    """Records as calls get them: as many as BatchSize and the size of an event allow."""
    batch: list[Record] = []
    size = 0
    for record in records:
        if batch and (len(batch) == most or size + len(record.raw) + 1 > PAYLOAD_LIMIT_BYTES - 100):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += len(record.raw) + 1
    if batch:
        yield batch
