"""Which source a mapping reads: the one that the service in its ARN has."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from kinesis_cli.errors import InputError
from kinesis_cli.local.kinesis import Caller, DataPlane
from kinesis_cli.local.mapping.sources.kinesis import KinesisSource, stream_of
from kinesis_cli.local.mapping.sources.source import Source
from kinesis_cli.local.mapping.sources.tables import TableSource
from kinesis_cli.local.mapping.store import StoredMapping
from kinesis_cli.local.table_streams.store import TableStore
from kinesis_cli.stream.table_arn import is_of_table, table_of


@dataclass(frozen=True, slots=True)
class Sources:
    """What mappings can read on this machine.

    Args:
        data_plane: the streams.
        ready_tables: gives the streams of tables when the template's are there.
    """

    data_plane: DataPlane
    ready_tables: Callable[[], Awaitable[TableStore]]

    def of(self, mapping: StoredMapping) -> Source:
        """What a mapping reads.

        Raises:
            InputError: its settings are not valid, or nothing here is like it.
        """
        arn = mapping.stream_arn
        settings, live_since = mapping.settings, mapping.live_since
        _, _, service, region, account, _ = arn.split(":", 5)
        plane = self.data_plane
        if service == "kinesis":
            return KinesisSource(arn, settings, live_since, plane, Caller(account, region))
        if is_of_table(arn):
            return TableSource(arn, settings, live_since, plane.clock, self.ready_tables)
        raise InputError(f"a source of {service} is not on this machine", place=arn)

    async def has(self, arn: str) -> bool:
        """Whether there is the stream that an ARN names."""
        if is_of_table(arn):
            return (await self.ready_tables()).stream(arn) is not None
        return any(each["arn"] == arn for each in self.data_plane.summary())


def source_name(arn: str) -> str:
    """What a mapping reads, for people: the name of the stream, or of the table."""
    return table_of(arn) if is_of_table(arn) else stream_of(arn)
