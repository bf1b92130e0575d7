"""Which shards belong together: a shard that was made by resharding waits for those it was made of.

What belongs to different families knows nothing of the other: families can be delivered apart.
"""

from collections.abc import Iterable, Mapping, Sequence


def family_ranks(shard_ids: Sequence[str], parents: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The family of each shard, as the place of its first member among all shards.

    Args:
        shard_ids: in order of first appearance.
        parents: of shards made by resharding; those that are no shards here do not count.
    """
    places = {shard_id: place for place, shard_id in enumerate(shard_ids)}
    heads = dict(places)

    def head(shard_id: str) -> str:
        while (found := shard_ids[heads[shard_id]]) != shard_id:
            shard_id = found
        return shard_id

    for child in shard_ids:
        for parent in parents.get(child, ()):
            if parent in places:
                one, other = heads[head(child)], heads[head(parent)]
                heads[shard_ids[max(one, other)]] = min(one, other)
    return {shard_id: heads[head(shard_id)] for shard_id in shard_ids}


def families(ranks: Mapping[str, int]) -> list[list[str]]:
    """The shards of each family, in the order of their ranks."""
    found: dict[int, list[str]] = {}
    for shard_id, rank in ranks.items():
        found.setdefault(rank, []).append(shard_id)
    return [found[rank] for rank in sorted(found)]


def dealt(groups: Iterable[tuple[Sequence[str], int]], parts: int) -> list[tuple[str, ...]]:
    """Families dealt to parts of about the same size, at most `parts` of them; none is empty.

    Args:
        groups: the shards of each family, and how many records they have.
        parts: at least 1.
    """
    bins: list[tuple[int, int, list[str]]] = []
    for shards, records in sorted(groups, key=lambda group: -group[1]):
        if len(bins) < parts:
            bins.append((records, len(bins), [*shards]))
            continue
        least = min(range(len(bins)), key=lambda place: bins[place][:2])
        size, number, own = bins[least]
        bins[least] = (size + records, number, [*own, *shards])
    return [tuple(own) for _, _, own in bins]
