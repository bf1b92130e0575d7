"""What is left of a test that has failed: its deliveries, on disk and in the report."""

from __future__ import annotations

from kinesis_cli.errors import InputError
from kinesis_cli.testing.current import Test
from kinesis_cli.testing.repeat import forget
from kinesis_cli.testing.sentences import report


def keep(test: Test) -> list[tuple[str, str]]:
    """Keep the deliveries of a test; return sections of pytest's report that tell of them."""
    forget(test.kept)
    sections = []
    for number, run in enumerate(test.runs, 1):
        text = report(run)
        if run.repeat is not None:
            try:
                run.repeat.keep(run.records, run.mapping)
            except (OSError, InputError) as error:
                text += f"\n(the recording could not be kept: {error})"
        sections.append((f"Kinesis delivery {number}", text))
    return sections
