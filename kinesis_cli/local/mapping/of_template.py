"""The template's mappings, beside those that calls have made."""

from collections.abc import Iterable

from kinesis_cli.local.function.project import ProjectFunction
from kinesis_cli.local.mapping.store import StoredMapping, new_mapping


def mappings_of_project(
    project: Iterable[ProjectFunction], stored: Iterable[StoredMapping], now: float
) -> list[StoredMapping]:
    """The template's mappings as it has them now; each keeps its UUID and its checkpoints.

    One that was enabled or disabled by a call stays so until the template says something else.

    Args:
        project: the functions with their mappings.
        stored: what was kept of former times.
        now: when new ones start, epoch seconds.
    """
    known = {mapping.origin: mapping for mapping in stored if mapping.origin}
    found = []
    for each in project:
        for name, document in each.mappings.items():
            if name in each.unknown:
                continue
            origin = f"{each.logical_id}/{name}/{document['EventSourceArn']}"
            enabled = document.get("Enabled") is not False
            mapping = known.get(origin)
            if mapping is None:
                found.append(new_mapping(each.name, document, now, enabled=enabled, origin=origin))
                continue
            if mapping.document.get("Enabled") == document.get("Enabled"):
                enabled = mapping.enabled
            found.append(mapping.changed(document=document, function=each.name, enabled=enabled))
    return found
