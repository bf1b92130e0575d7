"""The figures of docs/peers.md are of the cases that are there."""

import re
from collections import Counter
from pathlib import Path

from benchmarks.recorded import SERVERS, cases, subject

PAGE = (Path(__file__).parents[3] / "docs" / "peers.md").read_text()
ROW = re.compile(r"^\| ([a-z ]+) ((?:\| \d+ of \d+ )+)\|$", re.MULTILINE)


def rows() -> dict[str, list[tuple[int, int]]]:
    """By subject, of each server: how many are as on AWS, of how many."""
    found = {}
    for name, cells in ROW.findall(PAGE):
        pairs = re.findall(r"(\d+) of (\d+)", cells)
        found[name] = [(int(held), int(every)) for held, every in pairs]
    return found


def test_the_cases_of_the_page_are_all_that_can_be_delivered_so() -> None:
    counted = Counter(map(subject, cases()))
    every = {name: {total for _, total in pairs} for name, pairs in rows().items()}
    assert every.pop("all") == {sum(counted.values())}
    assert every == {name: {count} for name, count in counted.items()}


def test_the_sums_of_the_page_are_right() -> None:
    found = rows()
    sums = found.pop("all")
    assert len(sums) == len(SERVERS)
    for place, total in enumerate(sums):
        assert total[0] == sum(pairs[place][0] for pairs in found.values())
