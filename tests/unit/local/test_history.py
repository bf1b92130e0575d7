"""What became of records is kept for a while, and whoever asks too late is told so."""

from kinesis_cli.following.fact import Fact
from kinesis_cli.local.mapping.history import History

ORDERS, OTHERS = "arn:orders", "arn:others"


def add(history: History, *numbers: str, stream: str = ORDERS) -> None:
    history.add(
        Fact(
            number=history.newest + 1,
            stream=stream,
            mapping="uuid",
            function="f",
            shard_id="shardId-000000000000",
            at=0.0,
            what="ended",
            sequence_numbers=numbers,
            outcome="handled",
        )
    )


def numbers(facts: list[Fact]) -> list[int]:
    return [fact.number for fact in facts]


def test_a_cursor_brings_each_fact_once_and_no_other_streams() -> None:
    history = History()
    add(history, "1")
    add(history, "2", stream=OTHERS)
    first = history.since(0, stream=ORDERS)
    assert (numbers(first.facts), first.next, first.missed, first.more) == ([1], 2, False, False)
    add(history, "3")
    second = history.since(first.next, stream=ORDERS)
    assert (numbers(second.facts), second.next) == ([3], 3)
    assert history.since(second.next, stream=ORDERS).facts == []


def test_much_is_told_in_parts_of_which_none_is_left_out() -> None:
    history = History()
    for number in range(7):
        add(history, str(number), stream=ORDERS if number % 2 else OTHERS)
    told, cursor, more = [], 0, True
    while more:
        page = history.since(cursor, stream=ORDERS, limit=1)
        told += numbers(page.facts)
        cursor, more = page.next, page.more
    assert told == [2, 4, 6]
    assert cursor == 7


def test_what_no_longer_fits_is_gone_and_whoever_asks_for_it_is_told() -> None:
    history = History(max_weight=10)
    for number in range(100):
        add(history, str(number))
    assert numbers(history.since(0).facts) == [99, 100]
    assert history.since(97).missed
    assert not history.since(98).missed
    assert history.life(ORDERS, "0").missed


def test_the_life_of_one_record_has_its_own_facts_only() -> None:
    history = History()
    add(history, "1", "2")
    add(history, "2", stream=OTHERS)
    add(history, "2", "3")
    page = history.life(ORDERS, "2")
    assert (numbers(page.facts), page.missed) == ([1, 3], False)


def test_a_history_of_no_weight_keeps_nothing() -> None:
    history = History(0)
    add(history, "1")
    assert not history.is_kept
    assert history.since(0).facts == []
