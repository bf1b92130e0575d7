"""The test that runs now, as the plugin knows it. Light: it is loaded with every pytest."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from kinesis_cli.testing.result import Run

MAX_RUNS = 20  # the last ones of a test are told of when it fails


class Test:
    """A test, and what was delivered in it.

    Args:
        node_id: "tests/test_orders.py::test_poison[a]".
        file: the test's own.
        root: pytest's root folder.
        settings: gives what marker and options say of functions and mappings.
    """

    __test__ = False  # no class of tests, where a test module imports it

    def __init__(
        self, node_id: str, file: Path, root: Path, settings: Callable[[], dict[str, Any]]
    ) -> None:
        self.node_id, self.file, self.root, self.settings = node_id, file, root, settings
        self.runs: deque[Run] = deque(maxlen=MAX_RUNS)
        self.leaving: list[Callable[[], None]] = []  # called when the test has ended
        self._deliveries = 0

    def next_folder(self) -> Path:
        """Return the folder of the next delivery."""
        self._deliveries += 1
        return self.kept if self._deliveries == 1 else self.kept / f"delivery-{self._deliveries}"

    @property
    def kept(self) -> Path:
        """The folder that keeps what was delivered, if the test fails."""
        name = "".join(each if each.isalnum() or each in "._-" else "_" for each in self.node_id)
        if len(name) > _MAX_NAME:
            from zlib import crc32

            name = f"{name[:_MAX_NAME]}-{crc32(self.node_id.encode()):08x}"
        return self.root / ".kcli" / "failed" / name


_MAX_NAME = 120  # characters; file systems take 255 bytes

running: Test | None = None
