"""What `kcli tail-logs` prints of events."""

import pytest

from kinesis_cli.function_log.entries import LogEvent, LogReader
from kinesis_cli.show.tail_logs import LogFace, LogView

IDS = [f"{digit * 8}-ba32-4475-8077-530cd35c09a9" for digit in "12"]
MIDNIGHT = 1769904000_000  # 2026-02-01


def event(at: int, message: str, stream: str = "a") -> LogEvent:
    return LogEvent(MIDNIGHT + at, MIDNIGHT + at, "group", stream, str(at), message)


TWO_CALLS = [
    event(-3, f"START RequestId: {IDS[0]} Version: $LATEST"),
    event(-2, f"START RequestId: {IDS[1]} Version: $LATEST", "b"),
    event(-1, f"[WARNING]\t2026-01-31T23:59:59.999Z\t{IDS[0]}\thot \x1b[2J"),
    event(0, f"[ERROR]\t2026-02-01T00:00:00.000Z\t{IDS[1]}\tbad\nTraceback:\n  f()\nE: no\n", "b"),
    event(1, "printed"),
    event(2, f"END RequestId: {IDS[0]}"),
    event(3, f"REPORT RequestId: {IDS[0]}\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: "
          "128 MB\tMax Memory Used: 36 MB\t"),
    event(4, f"2026-02-01T00:00:00.004Z {IDS[1]} Task timed out after 3.00 seconds", "b"),
    event(5, f"REPORT RequestId: {IDS[1]}\tDuration: 3.01 ms\tStatus: timeout", "b"),
]  # fmt: skip


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> "Shown":
    return Shown(monkeypatch, capsys)


class Shown:
    """Shows portions of events and gives the lines."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *portions: list[LogEvent], width: int, styled: bool = False) -> list[str]:
        self._monkeypatch.setenv("COLUMNS", str(width))
        if styled:
            self._monkeypatch.setenv("FORCE_COLOR", "1")
        view, reader = LogView(LogFace.TABLE), LogReader()
        for portion in portions:
            for block in reader.read(portion):
                view.show(block)
        return self._capsys.readouterr().out.splitlines()


def test_narrow_lines_have_their_date_above(shown: Shown) -> None:
    assert shown(TWO_CALLS, width=80) == [
        "2026-01-31, UTC",
        "23:59:59.997Z 11111111 START Version: $LATEST",
        "23:59:59.998Z 22222222 START Version: $LATEST",
        "23:59:59.999Z 11111111 WARN hot \\x1b[2J",
        "2026-02-01, UTC",
        "00:00:00.000Z 22222222 ERROR bad",
        "                       Traceback:",
        "                         f()",
        "                       E: no",
        "00:00:00.001Z 11111111 printed",
        "00:00:00.003Z 11111111 REPORT 3.01 ms, billed 4 ms, 36 of 128 MB",
        "00:00:00.004Z 22222222 Task timed out after 3.00 seconds",
        "00:00:00.005Z 22222222 REPORT timeout, 3.01 ms",
    ]


def test_wide_lines_have_their_date(shown: Shown) -> None:
    lines = shown(TWO_CALLS, width=120)
    assert lines[0] == "2026-01-31T23:59:59.997Z 11111111 START Version: $LATEST"
    assert lines[4] == " " * 34 + "Traceback:"


def test_late_lines_say_so(shown: Shown) -> None:
    late = [event(-60_000, "late"), event(6, "in time")]
    assert shown(TWO_CALLS, late, width=120)[-2:] == [
        "2026-01-31T23:59:00.000Z          (late) late",
        "2026-02-01T00:00:00.006Z          in time",
    ]


def test_requests_and_levels_have_colours(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(TWO_CALLS, width=120, styled=True)
    colours = {line.split("\x1b[")[1].split("m")[0] for line in lines if "11111111" in line}
    others = {line.split("\x1b[")[1].split("m")[0] for line in lines if "22222222" in line}
    assert len(colours) == len(others) == 1
    assert colours != others
    assert "\x1b[33mWARN hot \\x1b[2J\x1b[0m" in lines[2]
    assert "\x1b[31mREPORT timeout, 3.01 ms\x1b[0m" in lines[-1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in "".join(shown(TWO_CALLS, width=120, styled=True))
