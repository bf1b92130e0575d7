"""What `kcli put --follow` shows, at two widths and as JSON; whatever the names and errors hold."""

import json
import re
from collections.abc import Iterator

import pytest

from kinesis_cli.following.followed import Followed, Reader
from kinesis_cli.show.console import json_text, stdout_console
from kinesis_cli.show.streams.follow import FEW, FollowView
from tests.unit.snapshots import assert_equals_snapshot

READERS = [Reader("m", "a-function-with-quite-a-long-name"), Reader("n", "g\x1b[31m")]
NUMBER = "49680657226398611422552293319540366339350063014995820546"
CLOCK = "the clock on the wall"


@pytest.fixture(autouse=True)
def fresh_console() -> Iterator[None]:
    """The console is made for the width and the stream of each test."""
    stdout_console.cache_clear()
    yield
    stdout_console.cache_clear()


def handled(index: int, mapping: str = "m", **more: object) -> Followed:
    known: dict[str, object] = {
        "ended": "handled",
        "deliveries": 1,
        "calls": ("7a5e8c1e-0000-4000-8000-000000000000",),
        "latency_seconds": 0.5,
        **more,
    }
    function = next(each.function for each in READERS if each.mapping == mapping)
    shard = "shardId-000000000003"
    return Followed(index, shard, NUMBER, 1, mapping, function, **known)  # type: ignore[arg-type]


def rows() -> list[Followed]:
    return [
        handled(0),
        handled(1, deliveries=3, reported=2),
        handled(
            2,
            ended="discarded",
            reason="RetryAttemptsExhausted",
            error="ValueError: [red]\x9b31m boom\nat line 3",
            destination="arn:aws:sqs:us-east-1:000000000000:failures",
        ),
        handled(0, "n", ended="filtered", deliveries=0, calls=()),
        handled(1, "n", ended="notTold", deliveries=None, calls=(), latency_seconds=None),
        handled(2, "n", ended="waiting", latency_seconds=None, reason="in a call for 3.0 s"),
    ]


def view(output: str) -> FollowView:
    return FollowView(READERS, output, CLOCK, "Something may be missing.")


@pytest.mark.parametrize("columns", [80, 200])
def test_few_records_have_a_row_each_and_those_that_went_wrong_a_sentence(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", f"{columns}")
    shown = view("table")
    shown.add(rows())
    assert shown.bad == 3
    shown.finish(timed_out=True)
    text = "".join(f"{line.rstrip()}\n" for line in capsys.readouterr().out.splitlines())
    assert_equals_snapshot(text, f"follow-{columns}.txt")
    assert max(map(len, text.splitlines()[:9])) <= columns
    assert not {"\x1b", "\x9b"} & {*text}


def test_of_many_only_the_first_that_went_wrong_are_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = view("table")
    shown.add([handled(index) for index in range(1_000)])
    shown.add([handled(index, ended="expired", reason="gone") for index in range(1_000, 1_500)])
    shown.finish(timed_out=False)
    text = capsys.readouterr().out
    assert len(re.findall(r" expired +0\.50 s", text)) == FEW
    assert f"1000 and {FEW - 1} more of a-function-with-quite-a-long-name: expired after" in text
    assert f"… and {500 - FEW} more; --output ndjson has all" in text
    assert "1,500 records: 1,000 handled, 500 expired; latency p50 0.50 s" in text


def test_what_may_be_missing_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    shown = view("table")
    shown.add([handled(0, is_whole=False), handled(1, is_whole=False)])
    shown.finish(timed_out=False)
    assert capsys.readouterr().out.count("Something may be missing.") == 1


def test_as_ndjson_each_record_is_a_line_and_the_figures_are_the_last(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = view("ndjson")
    shown.add(rows())
    shown.finish(timed_out=True)
    *lines, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert [line["type"] for line in lines] == ["followed"] * 6
    assert (last["type"], last["timedOut"], last["clock"]) == ("followedSummary", True, CLOCK)
    assert [each["handled"] for each in last["functions"]] == [2, 0]
    assert last["functions"][0]["latencySeconds"] == {"p50": 0.5, "p99": 0.5, "max": 0.5}
    assert last["functions"][1]["notTold"] == 1


def test_as_json_the_document_of_the_put_has_all_records(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = view("json")
    shown.add([handled(index) for index in range(3 * FEW)])
    shown.finish(timed_out=False)
    document = json.loads(json_text(shown.document(timed_out=False)))
    assert [record["index"] for record in document["records"]] == list(range(3 * FEW))
    assert capsys.readouterr().out == ""
