"""`make soak`: three clients at once, in rounds of resharding and kill -9, for ten minutes."""

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest

from tests.clients.libraries import LIBRARIES, Library
from tests.clients.running import Endpoint, Run

pytestmark = [pytest.mark.slow, pytest.mark.builds]

SECONDS = float(os.environ.get("KCLI_SOAK_SECONDS", "0"))
TOGETHER = [each for each in LIBRARIES if each.id in ("javascript", "go", "java")]


@pytest.mark.skipif(not SECONDS, reason="`make soak`, or KCLI_SOAK_SECONDS, runs clients together")
def test_three_clients_together_read_all_once_and_in_order_through_kill_9(
    serve: Callable[..., Endpoint], run: Callable[[Library, Endpoint], Run]
) -> None:
    endpoint = serve()
    clients = [run(library, endpoint) for library in TOGETHER]
    rounds, end = 0, monotonic() + SECONDS
    with ThreadPoolExecutor(len(clients)) as together:
        while monotonic() < end:
            shards = 4 - 2 * (rounds % 2)
            list(together.map(lambda client, n=shards: _reshard(client, n), clients))
            for client in clients:
                client.begin_to_put(2000)
            endpoint.kill()
            endpoint.start()
            for client in clients:
                client.finish_to_put()
            rounds += 1
    for client in clients:
        client.check()
    records = sum(client.put_so_far for client in clients)
    sys.stdout.write(f"\n{rounds} rounds, each with a kill -9: {records:,} records of 3 clients\n")


def _reshard(client: Run, shards: int) -> None:
    client.put(1000)
    client.producer.does("split")
    client.put(1000)
    client.producer.does("merge")
    client.put(1000)
    client.producer.does(f"resize {shards}")
