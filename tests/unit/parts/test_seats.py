"""Seats of both kinds, with a simulation in parts on them: processes here, and Dask's workers."""

from pathlib import Path
from typing import Any

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.parts.cluster import Cluster
from kinesis_cli.parts.project_upload import ElsewhereProject, packed
from kinesis_cli.parts.seats import ProcessSeat, end_processes
from kinesis_cli.parts.simulate_part import simulate_part
from kinesis_cli.parts.simulate_there import SimulateThere
from kinesis_cli.parts.whole import Whole, run_whole
from kinesis_cli.simulation.options import SimulationOptions
from tests.unit.parts.test_whole import absent_index, alone_in_one, app, opened, written

pytestmark = pytest.mark.slow
__all__ = ["app"]  # a fixture


def quiet(_: object) -> None:
    pass


def test_processes_of_this_machine_run_parts_and_are_ended(app: Path) -> None:
    seats = [ProcessSeat(simulate_part) for _ in range(2)]
    try:
        with opened(app, written(app, "all indexed"), SimulationOptions()) as whole:
            for _ in range(2):  # the second time the processes are there
                ran = run_whole(whole, seats, 3, quiet, quiet)
                rows, summary = alone_in_one(whole)
                assert list(ran.rows()) == rows
                assert ran.summary() == summary
    finally:
        end_processes()
    for seat in seats:
        seat.renew()


@pytest.fixture
def cluster() -> Any:  # noqa: ANN401 - Dask is not typed
    """The address of a scheduler with two workers, which are threads of this process."""
    distributed: Any = pytest.importorskip("distributed", reason="the extra dask is not installed")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": False}
    with distributed.LocalCluster(**options, dashboard_address=None) as started:
        yield started.scheduler_address


@pytest.mark.parametrize("is_sent", [True, False])
def test_workers_of_a_cluster_run_parts_each_in_a_process_of_its_own(
    app: Path, cluster: str, is_sent: bool
) -> None:
    paths = written(app, "all indexed")
    with opened(app, paths, SimulationOptions()) as whole, Cluster(cluster) as found:
        code = found.sent(packed(whole.function)) if is_sent else None
        begin = SimulateThere(code, whole.function.code_uri)
        seats = found.seats(begin)
        assert len(seats) == 2
        ran = run_whole(whole, seats, len(seats), quiet, quiet)
        rows, summary = alone_in_one(whole)
        assert list(ran.rows()) == rows
        assert ran.summary() == summary
        assert found.moved({job.rows: job.name for job in ran.jobs}) == []
        absent_index(paths)
        with pytest.raises(InputError, match="no such file or directory"):
            run_whole(whole, seats, len(seats), quiet, quiet)


def test_files_of_workers_are_named_as_these_have_them(app: Path) -> None:
    with opened(app, written(app, "all indexed"), SimulationOptions()) as whole:
        there = ElsewhereProject(app, Path("/srv/app")).path
        [job] = Whole(
            whole.recording,
            whole.mapping,
            whole.options,
            whole.function,
            whole.handler,
            whole.folder,
            there=there,
        ).jobs(1)
    assert [each.index for each in job.inputs] == [
        "/srv/app/a.ndjson.kidx",
        "/srv/app/b.ndjson.zst.kidx",
    ]
    assert [each.files for each in job.inputs] == [
        ("/srv/app/a.ndjson",),
        ("/srv/app/b.ndjson.zst",),
    ]
