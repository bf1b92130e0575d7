"""`make soak`: `kcli local` under load for ten minutes; memory flat, nothing leaked.

``python -m benchmarks.soak [SECONDS]``. Prints a line every half minute; exit code 1 when the
server's memory, processes, files or sockets grew, or a record was not handled.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from benchmarks.lasting import lasting
from benchmarks.local_function import TEMPLATE, client_of

SECONDS = 600.0
LEAST_SECONDS = 10.0
WARM_UP = 0.4  # share of the time after which the server and its logs have their size
GROWTH = 1.15  # of memory, from then on
RECORDS_PER_SECOND = 500

# One record in a thousand fails, one call in five hundred ends the process.
APP = """\
import base64
import os

calls = 0


def handler(event, context):
    global calls
    calls += 1
    if calls == 500:
        os._exit(1)
    for record in event["Records"]:
        data = base64.b64decode(record["kinesis"]["data"])
        print(data[:20])
"""


@dataclass(frozen=True, slots=True)
class Held:
    """What a process and those below it hold."""

    memory: int  # KiB resident, of the server alone
    files: int  # open descriptors, sockets too
    processes: int  # the server's children

    @classmethod
    def of(cls, pid: int) -> "Held":
        """What the process `pid` holds now."""
        status = Path(f"/proc/{pid}/status").read_text()
        memory = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        children = [
            child
            for task in Path(f"/proc/{pid}/task").glob("*/children")
            for child in task.read_text().split()
        ]
        files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        return cls(int(memory.split()[1]), files, len(children))


def main(seconds: float) -> int:
    """Run it; the exit code."""
    from kinesis_cli.local.client.process import ensure_running, stop_server
    from kinesis_cli.local.options import LocalOptions

    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "src").mkdir()
        (project / "src" / "app.py").write_text(APP)
        (project / "template.yaml").write_text(TEMPLATE)
        options = LocalOptions.of_project(project, region="us-east-1")
        server = ensure_running(options, directory=project).server
        try:
            return _soak(server, seconds)
        finally:
            stop_server(project / ".kcli")


def _soak(server: Any, seconds: float) -> int:  # noqa: ANN401
    from kinesis_cli.local.client.waiting import wait_until_idle

    kinesis = client_of(server, "kinesis")
    began = monotonic()
    warm: Held | None = None
    put, told = 0, 0.0
    while (passed := monotonic() - began) < seconds:
        entries = [
            {"Data": b"%010d" % (put + each), "PartitionKey": str(put + each)}
            for each in range(RECORDS_PER_SECOND)
        ]
        kinesis.put_records(StreamName="stream", Records=entries)
        put += len(entries)
        if warm is None and passed > seconds * WARM_UP:
            warm = Held.of(server.pid)
        if passed >= told:
            told += 30
            print(f"{passed:6.0f} s  {put:>9,} records  {Held.of(server.pid)}", flush=True)
        sleep(max(0.0, began + put / RECORDS_PER_SECOND - monotonic()))
    idle = wait_until_idle(server, 60)
    held = Held.of(server.pid)
    print(f"{seconds:6.0f} s  {put:>9,} records  {held}, all handled: {idle}")
    assert warm is not None
    flat = held.memory <= warm.memory * GROWTH
    # a process may be starting or ending at this moment, with its pipes
    clean = held.processes <= warm.processes + 1 and held.files <= warm.files + 10
    return 0 if idle and flat and clean else 1


if __name__ == "__main__":
    sys.exit(main(lasting(sys.argv[1:], SECONDS, LEAST_SECONDS)))
