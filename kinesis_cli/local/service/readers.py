"""The mappings that read a stream, as those see them who follow its records."""

from kinesis_cli.following.followed import Reader
from kinesis_cli.local.mapping.store import StoredMapping
from kinesis_cli.local.service.function_service import FunctionService

DISABLED = "the mapping is disabled"


def mappings_of(service: FunctionService, stream_arn: str) -> list[StoredMapping]:
    """Those of the stream itself, and of its consumers."""
    found = service.store.mappings()
    return [each for each in found if each.stream_arn.partition("/consumer/")[0] == stream_arn]


async def reader_of(
    service: FunctionService, mapping: StoredMapping, *, with_backlog: bool = False
) -> Reader:
    """How a mapping is doing.

    Args:
        service: delivers it.
        mapping: one that is kept.
        with_backlog: whether to count the records that have not ended.
    """
    return Reader(
        mapping.uuid,
        mapping.reference,
        why=service.hindrance(mapping) if mapping.enabled else DISABLED,
        trouble=service.hopeless(mapping),
        backlog=await service.backlog(mapping.uuid) if with_backlog else None,
    )
