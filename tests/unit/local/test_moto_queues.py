"""A look at moto's queues reads no more of them than is shown."""

from collections.abc import Iterator
from typing import Any, SupportsIndex

import boto3
import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID

from kinesis_cli.local.neighbours.moto_queues import QueueGlance, glance_at, messages_of

QUEUE = (DEFAULT_ACCOUNT_ID, "us-east-1", "failures")
MOST = 5


class Watched(list[Any]):
    """A queue's messages, of which no more than `MOST` may be looked at."""

    def __iter__(self) -> Iterator[Any]:
        raise AssertionError("the whole queue is read")

    def __getitem__(self, place: SupportsIndex | slice) -> Any:  # noqa: ANN401
        assert isinstance(place, slice)
        assert place.stop <= MOST
        return super().__getitem__(place)


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("sqs", region_name="us-east-1")
        url = client.create_queue(QueueName="failures")["QueueUrl"]
        for number in range(3 * MOST):
            client.send_message(QueueUrl=url, MessageBody=str(number))
        client.receive_message(QueueUrl=url)
        yield


@pytest.mark.usefixtures("queue")
def test_a_long_queue_is_counted_without_reading_it() -> None:
    from moto.sqs.models import sqs_backends

    failures = sqs_backends[QUEUE[0]][QUEUE[1]].queues[QUEUE[2]]
    failures._messages = Watched(failures._messages)
    assert glance_at(*QUEUE, MOST) == QueueGlance(waiting=3 * MOST, held=1)
    found = messages_of(*QUEUE, MOST)
    assert [each.body for each in found] == ["0", "1", "2", "3", "4"]
    assert [each.is_visible for each in found] == [False, True, True, True, True]


@pytest.mark.usefixtures("queue")
def test_a_queue_that_is_not_there_has_nothing() -> None:
    assert glance_at(QUEUE[0], QUEUE[1], "none", MOST) is None
    assert messages_of(QUEUE[0], QUEUE[1], "none", MOST) == []
