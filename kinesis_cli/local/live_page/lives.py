"""What became of one record: which calls took it, and how it ended, as `put --follow` says it."""

from collections.abc import Mapping, Sequence

from kinesis_cli.errors import InputError
from kinesis_cli.following.fact import Fact
from kinesis_cli.following.followed import Followed, Put, Reader
from kinesis_cli.following.settling import Settling
from kinesis_cli.following.words import ending_in_words
from kinesis_cli.local.kinesis import ServiceError
from kinesis_cli.local.live_page.calls import call_row
from kinesis_cli.local.mapping.sources.source import start_of
from kinesis_cli.local.mapping.store import StoredMapping
from kinesis_cli.local.service.function_service import FunctionService
from kinesis_cli.local.service.readers import mappings_of, reader_of
from kinesis_cli.stream.escaping import escape

# Why nothing is known of a record under a mapping.
OVER = "it has ended, and how is not kept any more"
LEFT = "it is not in the stream any more"
TOO_EARLY = "it came before the place where the mapping started"
MAYBE = "it waits, or it has ended and how is not kept any more"
NOT_WHOLE = "More may have happened to it, which is not kept any more."


def life(
    facts: Sequence[Fact],
    readers: Sequence[Reader],
    record: Put,
    now: float,
    *,
    silences: Mapping[str, str] | None = None,
    missed: bool = False,
) -> dict[str, object]:
    """The life of a record.

    Args:
        facts: what is known of it, in order.
        readers: the mappings that read its stream.
        record: itself.
        now: epoch seconds of the endpoint's clock.
        silences: by mapping: why nothing is known of it; "": nothing has happened to it.
        missed: whether more may have happened than is known.
    """
    there = {each.mapping for each in readers}
    gone = {each.mapping: each for each in facts if each.mapping not in there}
    known = [*readers, *(Reader(each.mapping, each.function) for each in gone.values())]
    ends = [
        end
        for each in known
        for end in _ends(each, facts, readers, record, now, (silences or {}).get(each.mapping, ""))
    ]
    return {
        "calls": [call_row(each) for each in facts if each.what == "called"],
        "steps": [{"at": each.at, "what": escape(_said(each))} for each in facts],
        "endings": [
            {
                "function": escape(each.function),
                "ended": each.ended,
                "words": escape(ending_in_words(each)),
            }
            for each in ends
        ],
        "remark": NOT_WHOLE if missed and facts else "",
    }


def _ends(
    reader: Reader,
    facts: Sequence[Fact],
    readers: Sequence[Reader],
    record: Put,
    now: float,
    silence: str,
) -> list[Followed]:
    """How it ended under one mapping, or what it waits for."""
    settling = Settling([reader], tells_all=not silence, silence=silence)
    settling.put([record])
    settling.happened(facts)
    settling.read_by(readers, now)
    return [*settling.take_settled(), *settling.take_open(now)]


async def silence_of(
    service: FunctionService,
    mapping: StoredMapping,
    record: Put,
    *,
    is_there: bool,
    missed: bool,
) -> str:
    """Why a mapping tells nothing of a record, if it does not; "": nothing has happened to it.

    Args:
        service: delivers the mapping.
        mapping: that reads the record's stream.
        record: `acknowledged` when it arrived.
        is_there: whether the stream still has it.
        missed: whether some of what happened is not kept.
    """
    if not is_there:
        return LEFT
    try:
        settings, source = mapping.settings, service.sources.of(mapping)
        await source.find()
    except (InputError, ServiceError):
        return MAYBE
    checkpoints = service.store.checkpoints(mapping.uuid, source.created)
    reached = checkpoints.sequence_numbers.get(record.shard_id)
    is_behind = reached is not None and int(record.sequence_number) <= int(reached)
    if is_behind or record.shard_id in checkpoints.finished:
        return OVER
    if reached is None and record.acknowledged < start_of(settings, mapping.live_since):
        return TOO_EARLY
    # a checkpoint waits for the slowest lane, and for the end of a window
    lags = settings.parallelization_factor > 1 or settings.tumbling_window_in_seconds
    return MAYBE if missed and lags else ""


async def life_here(
    service: FunctionService,
    stream_arn: str,
    record: Put,
    *,
    is_there: bool,
    known_since: float,
) -> dict[str, object]:
    """The life of a record, as it is known here.

    Args:
        service: delivers.
        stream_arn: the stream's.
        record: `acknowledged` when it arrived.
        is_there: whether the stream still has it.
        known_since: when keeping what happens began, epoch seconds of the endpoint's clock.
    """
    page = service.history.life(stream_arn, record.sequence_number)
    missed = page.missed or record.acknowledged < known_since
    readers, silences = list[Reader](), dict[str, str]()
    for mapping in mappings_of(service, stream_arn):
        readers.append(await reader_of(service, mapping))
        silences[mapping.uuid] = await silence_of(
            service, mapping, record, is_there=is_there, missed=missed
        )
    facts = [each for each in page.facts if each.shard_id == record.shard_id]
    return life(facts, readers, record, service.now(), silences=silences, missed=missed)


def _said(fact: Fact) -> str:
    """A fact in words."""
    count = len(fact.sequence_numbers)
    others = "alone" if count == 1 else f"with {count - 1:,} other{'' if count == 2 else 's'}"
    attempt = f", attempt {fact.attempt}" if fact.attempt > 1 else ""
    match fact.what:
        case "opened":
            return f"{fact.function}: taken apart, {fact.attempt:,} records are in it"
        case "calling":
            return f"{fact.function}: handed over {others}{attempt}"
        case "called":
            is_said = not fact.error or fact.error in fact.reason
            error = "" if is_said else f" ({fact.error})"
            return f"{fact.function}: {fact.outcome}{error}, {fact.reason}"
        case "notCalled":
            return f"{fact.function}: not called{attempt}, {fact.reason}"
    to = f", document sent to {fact.destination.rpartition(':')[2]}" if fact.destination else ""
    if fact.error:
        to = f"{to}, which did not take it: {fact.error}"
    why = f", {fact.reason}" if fact.reason else ""
    return f"{fact.function}: {fact.outcome}{why}{to}"
