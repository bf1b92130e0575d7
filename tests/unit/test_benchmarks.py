"""The soaks' command lines."""

import pytest

from benchmarks.lasting import lasting


def test_a_soak_lasts_as_long_as_is_named() -> None:
    assert lasting([], 600.0, 60.0) == 600.0
    assert lasting(["60"], 600.0, 60.0) == 60.0


@pytest.mark.parametrize("text", ["15", "x", "", "nan", "inf", "-1"])
def test_what_is_no_time_or_too_short_is_refused_in_a_sentence(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        lasting([text], 600.0, 60.0)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"{text!r} is too short, or no time: give 60 seconds or more."
