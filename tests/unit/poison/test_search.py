"""Finding the record that a function fails on, with functions that fail in every way."""

from collections.abc import Callable, Sequence
from random import Random

import pytest

from kinesis_cli.poison.search import MAX_NAMED, Found, Outcome, Verdict, search
from kinesis_cli.stream.record import Record
from tests.unit.streams import record

FINE = Outcome(failed=False)
BAD = Outcome(failed=True, why="ValueError: bad")
Function = Callable[[list[int], dict[str, int]], Outcome]  # the records' numbers, and its modules'


class Calls:
    """Calls a function; a fresh call loses what its modules have."""

    def __init__(self, function: Function) -> None:
        self.function, self.state, self.count = function, dict[str, int](), 0

    def __call__(self, records: Sequence[Record], *, fresh: bool = False) -> Outcome:
        assert records, "a function is never called with nothing"
        self.count += 1
        if fresh:
            self.state = {}
        return self.function([int(each.partition_key) for each in records], self.state)


def batch(count: int, first: int = 0) -> list[Record]:
    return [record(number, key=str(number)) for number in range(first, first + count)]


def found_by(function: Function, count: int = 100, others: int = 0) -> Found:
    return search(batch(count), batch(others, count), Calls(function))


def numbers(found: Found) -> list[int]:
    return [int(each.record.partition_key) for each in found.suspects]


def fails_on(*bad: int) -> Function:
    return lambda given, _: BAD if set(bad) & set(given) else FINE


def reports(choose: Callable[[list[int]], list[int]]) -> Function:
    def function(given: list[int], _: dict[str, int]) -> Outcome:
        chosen = [record(number).sequence_number for number in choose(given)]
        whys = dict.fromkeys(chosen, "could not read it")
        return Outcome(bool(chosen), "reported", reported=tuple(chosen), whys=whys)

    return function


@pytest.mark.parametrize("seed", range(30))
def test_the_only_bad_record_is_found_wherever_it_is(seed: int) -> None:
    random = Random(seed)
    count = random.randint(2, 400)
    bad = random.randrange(count)
    found = found_by(fails_on(bad), count)
    assert (found.verdict, numbers(found)) == (Verdict.RECORD, [bad])
    assert found.suspects[0].why == "ValueError: bad"
    assert found.compared == count - 1


def test_it_takes_few_calls() -> None:
    calls = Calls(fails_on(777))
    search(batch(1_000), (), calls)
    assert calls.count < 40


@pytest.mark.parametrize("seed", range(10))
def test_several_bad_records_are_found_in_stream_order(seed: int) -> None:
    bad = sorted(Random(seed).sample(range(100), 4))
    found = found_by(fails_on(*bad))
    assert (found.verdict, numbers(found)) == (Verdict.RECORD, bad)


def test_of_very_many_bad_records_some_are_named() -> None:
    found = found_by(fails_on(*range(1, 100, 3)))
    assert found.verdict is Verdict.RECORD
    assert len(found.suspects) == MAX_NAMED


def test_a_function_that_fails_on_each_record_blames_none() -> None:
    found = found_by(lambda _, __: BAD)
    assert (found.verdict, found.why) == (Verdict.EVERY, "ValueError: bad")


def test_a_record_alone_in_its_batch_is_compared_with_others_of_the_shard() -> None:
    assert found_by(lambda _, __: BAD, 1, others=3).verdict is Verdict.EVERY
    found = found_by(fails_on(0), 1, others=30)
    assert (found.verdict, numbers(found)) == (Verdict.RECORD, [0])
    assert found.compared > 0


def test_a_record_that_is_alone_in_all_has_nothing_to_be_compared_with() -> None:
    found = found_by(fails_on(0), 1)
    assert (found.verdict, numbers(found), found.compared) == (Verdict.RECORD, [0], 0)


def test_a_function_that_handles_all_fails_on_nothing() -> None:
    assert found_by(fails_on()).verdict is Verdict.NONE


def test_records_that_fail_only_together_are_named_together() -> None:
    def function(given: list[int], _: dict[str, int]) -> Outcome:
        return BAD if {7, 60} <= set(given) else FINE

    found = found_by(function)
    assert (found.verdict, numbers(found)) == (Verdict.TOGETHER, [7, 60])


def test_too_many_records_for_the_time_are_not_blamed_one_by_one() -> None:
    late = Outcome(failed=True, why="Sandbox.Timedout: 3 s", timed_out=True)
    found = found_by(lambda given, _: late if len(given) > 60 else FINE)
    assert (found.verdict, found.timed_out) == (Verdict.TOGETHER, True)


def test_a_record_that_takes_too_long_is_found() -> None:
    late = Outcome(failed=True, why="Sandbox.Timedout: 3 s", timed_out=True)
    found = found_by(lambda given, _: late if 42 in given else FINE)
    assert (found.verdict, numbers(found)) == (Verdict.RECORD, [42])


def test_a_function_that_is_broken_by_the_bad_record_is_called_anew() -> None:
    def function(given: list[int], state: dict[str, int]) -> Outcome:
        if 30 in given:
            state["broken"] = 1
        return BAD if state else FINE

    found = found_by(function)
    assert (found.verdict, numbers(found)) == (Verdict.RECORD, [30])


def test_a_function_that_fails_now_and_then_is_said_to_be_unsteady() -> None:
    failures = iter([BAD])
    found = found_by(lambda _, __: next(failures, FINE))
    assert (found.verdict, found.why) == (Verdict.UNSTEADY, "ValueError: bad")


def test_the_record_that_the_function_names_is_taken_at_its_word_and_tried() -> None:
    calls = Calls(reports(lambda given: [number for number in given if number == 83]))
    found = search(batch(100), (), calls)
    assert (found.verdict, numbers(found)) == (Verdict.RECORD, [83])
    assert found.suspects[0].why == "could not read it"
    assert calls.count < 12


def test_a_function_that_names_all_records_of_a_bad_batch_is_not_believed() -> None:
    found = found_by(reports(lambda given: given if 83 in given else []))
    assert (found.verdict, numbers(found)) == (Verdict.RECORD, [83])


def test_a_function_that_names_the_record_before_is_not_believed() -> None:
    def before(given: list[int]) -> list[int]:
        return [given[max(given.index(50) - 1, 0)]] if 50 in given else []

    found = found_by(reports(before))
    assert (found.verdict, numbers(found)) == (Verdict.RECORD, [50])


def test_records_that_share_a_number_are_told_apart() -> None:
    shared = [record(5, key=str(number)) for number in range(6)]  # as out of an aggregate
    calls = Calls(reports(lambda given: [5] if 3 in given else []))
    found = search([*batch(5), *shared], (), calls)
    assert numbers(found) == [3, 3]  # the fourth of the batch, and the fourth of the aggregate
    assert len({id(each.record) for each in found.suspects}) == 2
