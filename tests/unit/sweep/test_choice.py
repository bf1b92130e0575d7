"""Which point of a sweep is recommended, and the sentence that says so."""

from kinesis_cli import EventSourceMapping
from kinesis_cli.sweep.ages import Ages
from kinesis_cli.sweep.choice import Choice, Run, choice, front_of, seconds, sentence
from kinesis_cli.sweep.cost import Dollars
from kinesis_cli.sweep.grid import Point
from kinesis_cli.sweep.measuring import Measured

MAPPING = EventSourceMapping.from_aws({})


def run(
    size: int,
    cost: float,
    age: float,
    *,
    own: bool = False,
    twice: int = 0,
    lost: int = 0,
    keeps_up: bool | None = True,
    stopped: bool = False,
) -> Run:
    measured = Measured(
        calls=1,
        seconds=1.0,
        succeeded=1,
        redelivered=twice,
        discarded=lost,
        expired=0,
        undelivered=0,
        iterator_age=Ages(),
        record_age=Ages(age / 2, age, age * 2),
        longest_block=0.0,
        keeps_up=keeps_up,
        is_stopped=stopped,
        unsure=(),
    )
    return Run(Point({"BatchSize": size}, MAPPING, is_own=own), measured, Dollars(0.0, cost, 0.0))


def told(*runs: Run, max_age: float | None = None) -> tuple[Choice, str]:
    chosen = choice(runs, max_age)
    return chosen, sentence(runs, chosen, "the template's settings")


def test_the_front_has_each_point_than_which_none_is_cheaper_and_fresher() -> None:
    points = [(5.0, 1.0), (4.0, 2.0), (4.5, 2.0), (4.0, 3.0), (1.0, 9.0), (6.0, 1.0), (4.0, 2.0)]
    runs = [run(1, cost, age) for cost, age in points]
    assert front_of(runs, range(len(runs))) == (0, 1, 4, 6)


def test_the_cheapest_is_recommended_that_is_no_older() -> None:
    chosen, words = told(
        run(100, 100.0, 9.0, own=True), run(500, 39.0, 0.8, twice=2), run(900, 30.0, 12.0)
    )
    assert chosen.recommended == 1
    assert words == (
        "BatchSize 500: 61 % cheaper, p99 age 0.80 s instead of 9.00 s; 2 records more come twice."
    )


def test_an_age_that_was_asked_for_is_kept() -> None:
    runs = (run(100, 100.0, 1.0, own=True), run(500, 39.0, 4.0), run(900, 30.0, 12.0))
    assert told(*runs, max_age=5.0)[0].recommended == 1
    assert told(*runs, max_age=60.0)[0].recommended == 2
    chosen, words = told(*runs, max_age=0.1)  # none is so fresh
    assert chosen.recommended == 0
    assert words == (
        "No point that keeps up has a p99 age of 0.10 s; freshest is BatchSize 100: p99 age 1.00 s."
    )


def test_what_falls_behind_or_was_ended_is_neither_on_the_front_nor_recommended() -> None:
    chosen, _ = told(
        run(100, 50.0, 1.0, own=True),
        run(1, 1.0, 0.1, keeps_up=False),
        run(2, 1.0, 0.1, stopped=True, keeps_up=False),
    )
    assert chosen.front == (0,)
    assert chosen.recommended == 0


def test_cheaper_is_no_reason_to_lose_records() -> None:
    chosen, _ = told(run(100, 50.0, 1.0, own=True), run(10, 5.0, 0.5, lost=1))
    assert chosen.recommended == 0
    assert 1 in chosen.front


def test_losing_fewer_is_told() -> None:
    _, words = told(run(100, 50.0, 1.0, own=True, lost=30, twice=9), run(10, 40.0, 0.9, lost=1))
    assert words == (
        "BatchSize 10: 20 % cheaper, p99 age 0.90 s instead of 1.00 s; "
        "9 records fewer come twice; 29 records fewer are lost."
    )


def test_own_settings_that_are_as_good_stay() -> None:
    chosen, words = told(run(50, 49.8, 0.995), run(100, 50.0, 1.0, own=True))
    assert chosen.recommended == 1
    assert words == (
        "Leave the template's settings as they are: of 2 points none is cheaper without older or "
        "lost records (p99 age 1.00 s)."
    )


def test_of_equally_cheap_points_the_freshest_is_taken() -> None:
    chosen, words = told(run(100, 50.0, 9.0, own=True), run(200, 50.0, 1.0), run(300, 49.9, 3.0))
    assert chosen.recommended == 1
    assert words == "BatchSize 200: as cheap, p99 age 1.00 s instead of 9.00 s."


def test_where_own_settings_fall_behind_a_point_is_told_that_does_not() -> None:
    chosen, words = told(
        run(1, 0.0, 60.0, own=True, stopped=True, keeps_up=False),
        run(100, 20.0, 1.0, lost=1),
        run(500, 12.0, 1.9, lost=1),
        run(900, 5.0, 30.0, lost=1),
    )
    assert chosen.recommended == 2
    assert words == (
        "BatchSize 500: keeps up, which the template's settings do not; p99 age 1.90 s; "
        "1 record is lost."
    )


def test_where_no_point_keeps_up_none_is_recommended() -> None:
    chosen, words = told(run(1, 0.0, 60.0, own=True, stopped=True, keeps_up=False))
    assert chosen.recommended is None
    assert words.startswith("None of the 1 points keeps up with the recording")


def test_a_recording_without_a_rate_has_a_recommendation_too() -> None:
    chosen, _ = told(run(100, 50.0, 1.0, own=True, keeps_up=None), run(9, 5.0, 0.5, keeps_up=None))
    assert chosen.recommended == 1


def test_ages_have_the_digits_that_count() -> None:
    assert [seconds(age) for age in (0.004, 0.81, 1.0, 12.34, 59.9, 1234.5)] == [
        "0.004 s",
        "0.81 s",
        "1.00 s",
        "12 s",
        "60 s",
        "1,234 s",
    ]
