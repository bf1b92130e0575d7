"""The pages of failed tests: what `--kinesis-report DIR` loads beside kcli's pytest plugin.

A module of its own, for it shows something, and the plugin is below what shows.
"""

from __future__ import annotations

import shlex
from collections.abc import Generator
from pathlib import Path

import pytest

from kinesis_cli.show.pictures.report import About, Report
from kinesis_cli.show.simulation.run import Run
from kinesis_cli.testing import current
from kinesis_cli.testing.current import MAX_RUNS, Test
from kinesis_cli.testing.run import RunFacts


class Pages:
    """Writes a page for each delivery of a test that fails.

    Args:
        folder: for the pages; it is made when there is one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Write the pages of a test that has failed, and take away those of an earlier failure."""
        report = yield
        test = current.running
        if test is None or call.when != "call":
            return report
        pages = [self._folder / name for name in _names(test)]
        if report.passed:
            for page in pages:
                page.unlink(missing_ok=True)
        elif report.failed and test.runs:
            self._folder.mkdir(parents=True, exist_ok=True)
            written = pages[: len(test.runs)]
            for page, run in zip(written, test.runs, strict=True):
                write_page_of(page, run, test)
            report.sections.append(("Kinesis report", "\n".join(map(str, written))))
        return report


def _names(test: Test) -> list[str]:
    """The pages that a test may have."""
    name = test.kept.name
    return [f"{name}.html", *(f"{name}-{number}.html" for number in range(2, MAX_RUNS + 1))]


def write_page_of(path: Path, run: RunFacts, test: Test) -> None:
    """Write the page of a delivery.

    Raises:
        InputError: it cannot be written.
    """
    described = Run(
        handler=run.handler,
        runtime="in a test",
        handler_origin=test.node_id,
        mapping=run.mapping.to_aws(),
        mapping_origin=run.mapping_origin,
        source=test.node_id,
        records=len(run.records),
        shards=len({record.shard_id for record in run.records}),
        start_at=run.start_at,
    )
    again = shlex.join(["pytest", test.node_id])
    if run.repeat is not None:
        again += f"\n{run.repeat.command()}"
    page = Report(path, About(described, run.mapping, again), told=False)
    run.watched.tell(page.waiting)
    for row in run.rows:
        page.row(row)
    page.finish(run.summary)
