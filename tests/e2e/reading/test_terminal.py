"""What a person sees of `put`, `tail` and `record` on a terminal of 80 columns."""

import re
import shlex
from collections.abc import Callable

import pytest
from mypy_boto3_kinesis import KinesisClient

from tests.e2e.fault_proxy import Faults, fault_proxy
from tests.e2e.programs import Terminal
from tests.e2e.reading.commands import ALL, FROM_START, Commands, put
from tests.patience import PATIENCE
from tests.servers import Started

pytestmark = pytest.mark.slow

Run = Callable[..., Terminal]


@pytest.fixture
def run(terminal: Callable[..., Terminal], on_stream: Commands) -> Run:
    """`run("tail", …)`: the command on a terminal."""

    def run(*arguments: str, script: str = "exec {}", **size: int) -> Terminal:
        variables = {**on_stream.environment, "TERM": "xterm"}
        del variables["COLUMNS"]
        line = script.format(shlex.join(on_stream.line(*arguments)))
        environment = [f"{name}={value}" for name, value in variables.items()]
        return terminal("env", "-i", *environment, "sh", "-c", line, cwd=on_stream.folder, **size)

    return run


def ended(session: Terminal) -> list[str]:
    """The screen at last."""
    session.read_all()
    return session.rows


def assert_redrawn_and_gone(session: Terminal, pattern: str, last: str = "") -> None:
    """Progress is written over in its row, until `last`, and is not there after Ctrl-C."""
    first = session.see(pattern)
    session.see(f"^(?!{re.escape(first)}).*{pattern}")
    session.see(last or pattern)
    assert sum(bool(re.search(pattern, row)) for row in session.rows) == 1
    session.type(b"\x03")
    session.read_all()
    assert not [row for row in session.rows[:-1] if re.search(pattern, row)]
    assert session.process.wait(timeout=PATIENCE) == 130


def test_progress_of_put_stays_in_its_row_and_goes(run: Run) -> None:
    session = run("put", "--count", "100000", "--rate", "500/s")
    assert_redrawn_and_gone(session, r"[\d,]+ acknowledged, [\d,]+/s, 0 retried, 0 throttled, ")
    assert re.search(r"interrupted: [\d,]+ records acknowledged", session.rows[-1])


def test_progress_of_record_stays_in_its_row_and_goes(
    run: Run, kinesis: KinesisClient, stream: str
) -> None:
    session = run("record", "-o", "day.ndjson", *FROM_START)
    session.see("^recorded 0 records")
    put(kinesis, stream, 0, 20)
    assert_redrawn_and_gone(session, r"^recorded \d+ records of \d shards", "^recorded 20 records")
    assert session.rows[-1] == "recorded 20 records of 3 shards, at the tip"
    assert len(session.rows) <= 3  # "recording …" may take two


def test_tail_tells_below_the_records_where_it_is(
    run: Run, kinesis: KinesisClient, stream: str
) -> None:
    session = run("tail", *FROM_START)
    session.see("^showed 0 records of 3 shards, at the tip$")
    put(kinesis, stream, 0, 3)
    session.see("^showed 3 records of 3 shards, at the tip$")
    head, *rows, last = session.rows[-5:]
    assert head.split()[0] == "Arrived"
    assert sorted(row[-8:] for row in rows) == [f'{{"n": {n}}}' for n in range(3)]
    assert last.startswith("showed 3 records")
    session.type(b"\x03")
    assert ended(session)[-2:] == ["showed 3 records of 3 shards, at the tip", "kcli: interrupted."]


def test_tail_tells_how_far_it_is_behind(
    run: Run, server: Started, kinesis: KinesisClient, stream: str
) -> None:
    for first in range(0, 12_000, 500):
        put(kinesis, stream, first, 500, keys=1)  # one shard, more than one page
    with fault_proxy(server.port, Faults(("GetRecords",), slow=1.2)) as url:
        session = run(
            "tail", *FROM_START, "--data", "none", script=f"exec {{}} --endpoint-url {url}"
        )
        session.see(r"^showed 10,000 records of \d shards?, [\d.]+ s behind the tip$")


@pytest.mark.parametrize("columns", [80, 200])
def test_a_row_of_a_small_record_is_a_row_of_the_screen(
    run: Run, kinesis: KinesisClient, stream: str, columns: int
) -> None:
    put(kinesis, stream, 0, 8)
    rows = ended(run("tail", *ALL, columns=columns))
    assert rows[-10].startswith("Arrived")
    assert all(re.match(r"\d{4}-.* +\{\"n\": \d\}$", row) for row in rows[-9:-1])
    assert rows[-1] == "showed 8 records of 3 shards, at the tip"
    assert ("Sequence number" in rows[-10]) is (columns == 200)


def test_a_large_record_is_shown_whole_in_as_many_rows_as_it_takes(
    run: Run, kinesis: KinesisClient, stream: str
) -> None:
    data = b'{"text": "%s"}' % (b"0123456789" * 20)
    kinesis.put_record(StreamName=stream, PartitionKey="key", Data=data)
    session = run("tail", *ALL)
    session.read_all()
    assert data.decode() in session.written  # one line, which the terminal can copy as such
    assert data.decode() in "".join(session.rows)


def test_ctrl_c_in_the_middle_ends_tail_with_what_was_shown(
    run: Run, kinesis: KinesisClient, stream: str
) -> None:
    put(kinesis, stream, 0, 3)
    session = run("tail", *FROM_START)
    for number in range(3):  # shards come in any order
        session.see(rf'\{{"n": {number}\}}$')
    session.type(b"\x03")
    assert ended(session)[-2].startswith("showed 3 records of ")
    assert session.process.wait(timeout=PATIENCE) == 130


def test_a_pipe_whose_reader_leaves_ends_quietly(
    run: Run, kinesis: KinesisClient, stream: str
) -> None:
    put(kinesis, stream, 0, 500)
    rows = ended(run("tail", *ALL, script="{} | head -1"))
    assert [row for row in rows if row.startswith("Arrived")]
    assert not [row for row in rows if re.search("Error|Traceback|bug|Broken", row)]
    assert not [row for row in rows if row.startswith("2")]
