"""Records asked for with GetRecords: a few threads take turns with all shards."""

import heapq
import queue
import threading
import time
from itertools import count

from kinesis_cli.aws.consuming.shard_reading import Outcome, Reading, ShardPage, StreamApi

THREADS = 10  # botocore keeps as many connections
BETWEEN_CALLS = 0.2  # seconds; a shard takes 5 calls a second of all its readers
AT_TIP = 1.0  # seconds; what the other readers of a stream need is left to them


class Polling:
    """Asks each shard for records, as often as it may.

    Args:
        stream: the calls.
        between_calls: least seconds between two calls for a shard.
        at_tip: the same for a shard that had nothing new.
    """

    knows_the_tip = False  # kinesalite says 0 always

    def __init__(
        self,
        stream: StreamApi,
        between_calls: float = BETWEEN_CALLS,
        at_tip: float = AT_TIP,
    ) -> None:
        self._stream = stream
        self._between_calls, self._at_tip = between_calls, at_tip
        self._waiting: list[tuple[float, int, Reading]] = []  # a heap: when due, order, shard
        self._order = count()  # ties stay in order, and shards are never compared
        self._asking: queue.SimpleQueue[Reading | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[Reading, Outcome]] = queue.SimpleQueue()
        self._threads = 0
        self._busy = 0

    def begin(self, reading: Reading) -> None:
        """Ask for a shard's first records."""
        self.retry(reading, 0.0)

    def go_on(self, reading: Reading) -> None:
        """Ask for the next, soon where there are more."""
        self.retry(reading, self._at_tip if reading.at_tip else self._between_calls)

    def retry(self, reading: Reading, pause: float) -> None:
        """Ask `pause` seconds from now."""
        heapq.heappush(self._waiting, (time.monotonic() + pause, next(self._order), reading))
        self._ask_those_due()

    def leave(self, reading: Reading) -> None:
        """Nothing is being asked for it."""

    def next(self, timeout: float) -> tuple[Reading, Outcome] | None:
        """The next answer; None: none came within `timeout` seconds."""
        ends = time.monotonic() + timeout
        while True:
            self._ask_those_due()
            until = min(ends, self._waiting[0][0]) if self._has_room() else ends
            try:
                answer = self._answers.get(timeout=max(until - time.monotonic(), 0.0))
            except queue.Empty:
                if time.monotonic() >= ends:
                    return None
            else:
                self._busy -= 1
                self._ask_those_due()
                return answer

    def close(self) -> None:
        """Let the threads end. One that waits for an answer is left to itself."""
        for _ in range(self._threads):
            self._asking.put(None)

    def _has_room(self) -> bool:
        return bool(self._waiting) and self._busy < THREADS

    def _ask_those_due(self) -> None:
        while self._has_room() and self._waiting[0][0] <= time.monotonic():
            self._busy += 1
            if self._busy > self._threads:
                self._threads += 1
                # Not the executor of `concurrent.futures`, which the interpreter waits for when it
                # ends: Ctrl-C must not wait for a server that does not answer.
                threading.Thread(target=self._work, daemon=True).start()
            self._asking.put(heapq.heappop(self._waiting)[2])

    def _work(self) -> None:
        while reading := self._asking.get():
            try:
                outcome: Outcome = self._records(reading)
            except Exception as error:  # noqa: BLE001 - the reader decides
                outcome = error
            self._answers.put((reading, outcome))

    def _records(self, reading: Reading) -> ShardPage:
        page = self._stream.page(reading)
        reading.advance(page)
        return page
