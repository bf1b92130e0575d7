"""A deployed mapping, as the rules see it. Pure."""

from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.lint.facts import MappingFacts, StreamFacts
from kinesis_cli.lint.linting import findings_of
from kinesis_cli.lint.rule import Finding


def deployed_findings(
    settings: EventSourceMapping,
    *,
    name: str,
    retention_hours: int | None = None,
    shards: int | None = None,
    is_on_demand: bool = False,
) -> list[Finding]:
    """What the rules say of a mapping as Lambda has it, the worst first.

    Args:
        settings: the mapping's.
        name: of the stream.
        retention_hours: of the stream; None: not known.
        shards: that are open.
        is_on_demand: whether the stream makes its shards itself.
    """
    stream = StreamFacts(
        name=name,
        place=(),
        shards=shards,
        is_on_demand=is_on_demand,
        retention_hours=retention_hours,
    )
    facts = MappingFacts(name=name, values=settings.to_aws(), kind=settings.kind, stream=stream)
    return list(findings_of(facts))
