"""What open pages are sent, and when the state is made at all."""

from collections.abc import Collection, Mapping

from kinesis_cli.local.live_page.feed import NOW


class Counting:
    """A state that changes when it is told to, and counts how often it was made."""

    def __init__(self) -> None:
        self.made = 0
        self.value: object = 0
        self.wrong: Exception | None = None

    async def make(self, windows: Collection[int]) -> Mapping[str, object]:
        self.made += 1
        if self.wrong:
            raise self.wrong
        timelines = {f"timeline:{window}": window for window in windows}
        return {NOW: self.made, "value": self.value, "constant": "c", **timelines}
