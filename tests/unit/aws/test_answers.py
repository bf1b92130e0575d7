"""Which broken answers are accidents."""

from kinesis_cli.aws.answers import MAX_TORN_BEFORE_ANY, _History

URL = "http://127.0.0.1:1"


def test_who_has_never_answered_rightly_and_sends_a_page_is_foreign() -> None:
    assert not _History().is_accident(URL, "GetRecords", is_empty=False)


def test_one_operation_answered_rightly_makes_the_others_broken_answers_accidents() -> None:
    history = _History()
    history.answered(URL, "ListShards")
    assert history.is_accident(URL, "GetRecords", is_empty=False)


def test_an_operation_that_never_answers_rightly_is_foreign_after_a_few_tries() -> None:
    history = _History()
    history.answered(URL, "ListShards")
    tries = [
        history.is_accident(URL, "GetRecords", is_empty=True) for _ in range(MAX_TORN_BEFORE_ANY)
    ]
    assert tries == [*[True] * (MAX_TORN_BEFORE_ANY - 1), False]


def test_an_operation_that_answered_rightly_once_may_break_as_often_as_it_likes() -> None:
    history = _History()
    history.answered(URL, "GetRecords")
    assert all(history.is_accident(URL, "GetRecords", is_empty=True) for _ in range(100))
