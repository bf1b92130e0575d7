"""How far each shard of a recording was read, and which of its lines wait where they are."""

from array import array

from kinesis_cli.stream.record_source import RecordQueue

REREAD = 128 << 10  # bytes of one shard's lines that are read again together


class ShardReader:
    """How far a shard was read: first `queue`, then what `passed`, then from `next_block` on."""

    def __init__(self, blocks: "array[int]", arrivals: "array[float]") -> None:
        self.queue = RecordQueue()
        self.passed = PassedLines()
        self.blocks, self._arrivals = blocks, arrivals
        self.next_block = 0

    def awaits(self, block: int) -> bool:
        """Whether the shard's next records that were not seen yet are in `block`."""
        return self.next_block < len(self.blocks) and self.blocks[self.next_block] == block

    def next_block_arrival(self) -> float | None:
        """When the first record that was not seen yet arrives, epoch seconds."""
        return self._arrivals[self.next_block] if self.next_block < len(self.blocks) else None

    def is_due(self, until: float) -> bool:
        """Whether reading on may bring a record that has arrived by `until`."""
        arrival = self.next_block_arrival()
        return bool(self.passed) or (arrival is not None and arrival <= until)


class PassedLines:
    """Where a shard's lines are that were read before it had room for them: 12 bytes for each."""

    def __init__(self) -> None:
        self._files_and_starts = array("Q")  # file << 48 | start
        self._lengths = array("I")
        self._next = 0

    def __bool__(self) -> bool:
        return self._next < len(self._lengths)

    def append(self, file: int, start: int, length: int) -> None:
        """Note one line."""
        self._files_and_starts.append(file << 48 | start)
        self._lengths.append(length)

    def next_span(self) -> tuple[int, int, list[tuple[int, int]]]:
        """The next lines that lie near each other.

        Returns:
            Their file, the start of the first one, and where each begins and ends from there.
        """
        first = self._files_and_starts[self._next]
        span: list[tuple[int, int]] = []
        while self:
            begin = self._files_and_starts[self._next] - first
            end = begin + self._lengths[self._next]
            if span and not 0 <= begin < end <= REREAD:
                break
            span.append((begin, end))
            self._next += 1
        if self._next > 65_536 or not self:
            del self._files_and_starts[: self._next], self._lengths[: self._next]
            self._next = 0
        return first >> 48, first & (1 << 48) - 1, span
