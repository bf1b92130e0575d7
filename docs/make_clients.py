"""Writes the table of clients into docs/local.md, from what `tests/clients` saw.

The rows of clients that did not run, for want of their toolchain, stay as they are. Each client's
test compares its row with what it has just seen.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

PAGE = Path(__file__).parent / "local.md"
RESULTS = Path(__file__).parent.parent / ".pytest_cache" / "clients"
HEAD = "| client | version | calls | result |\n|---|---|---|---|\n"
READERS = {"poll": "polling", "fan-out": "fan-out"}


def row(result: Mapping[str, object]) -> str:
    """A client's row, without the line's end."""
    calls, readers = result["calls"], result["readers"]
    assert isinstance(calls, list)
    assert isinstance(readers, list)
    by = " and by ".join(READERS[reader] for reader in readers)
    once = "read once and in order"
    if result["aggregates"]:  # the KPL puts some again when the shards change
        once = "read, none more often than the KPL put it,"
    outcome = f"{result['records']:,} put, each {once} by {by}"
    if result["waits_because"]:
        outcome += f"; all read before each change, for {result['waits_because']}"
    return f"| {result['name']} | {result['version']} | {', '.join(calls)} | {outcome} |"


def with_rows(page: str, results: list[Mapping[str, object]]) -> str:
    """The page with the rows of these clients."""
    before, head, rest = page.partition(HEAD)
    assert head, f"{PAGE} has no table of clients"
    table, blank, after = rest.partition("\n\n")
    rows = dict(re.findall(r"^(\| [^|]+ \|)(.*)$", table, re.MULTILINE))
    for result in results:
        name, rest_of_row = re.findall(r"^(\| [^|]+ \|)(.*)$", row(result))[0]
        rows[name] = rest_of_row
    lines = "\n".join(name + rest_of_row for name, rest_of_row in sorted(rows.items()))
    return f"{before}{head}{lines}{blank}{after}"


if __name__ == "__main__":
    seen = [json.loads(file.read_text()) for file in sorted(RESULTS.glob("*.json"))]
    PAGE.write_text(with_rows(PAGE.read_text(), seen))
