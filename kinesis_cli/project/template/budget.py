"""How much work resolving a template may make.

A few lines that each name the one before twice would stand for more than any machine holds.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from kinesis_cli.errors import InputError

MAX_STEPS = 1_000_000  # values resolved; a template of 1 MB, as large as AWS takes, has 100,000
MAX_TEXT = 32 << 20  # characters of what intrinsics make

Value = TypeVar("Value")


class Budget(msgspec.Struct):
    """What is left for a template, and what it was already asked; nested ones share it."""

    path: Path  # of the template, for messages
    steps: int = MAX_STEPS
    text: int = MAX_TEXT
    _known: dict[tuple[str, int, str], object] = msgspec.field(default_factory=dict)
    _asked: set[tuple[str, int, str]] = msgspec.field(default_factory=set)

    def spend(self, value: object = None) -> None:
        """Count a step, and the characters of a text or the members of a list that it has made.

        Raises:
            InputError: it is too much.
        """
        self.steps -= 1
        if isinstance(value, str):
            self.text -= len(value)
        elif isinstance(value, list):
            self.steps -= len(value)
        if self.steps < 0 or self.text < 0:
            much = "values" if self.steps < 0 else "text"
            raise InputError(
                f"the template stands for more {much} than kcli resolves: what it names grows at "
                "each step",
                place=str(self.path),
            )

    def spend_text(self, characters: int) -> None:
        """Count characters that are still to be made.

        Raises:
            InputError: it is too much.
        """
        self.text -= characters
        self.spend()

    def once(self, kind: str, whose: object, name: str, find: Callable[[], Value]) -> Value:
        """What `find` answers, asked once.

        Args:
            kind: "the name of", "the condition"; for messages.
            whose: the template that `name` is of.
            name: what is asked for.
            find: answers.

        Raises:
            InputError: the answer depends on itself.
        """
        key = kind, id(whose), name
        if key not in self._known:
            with self._asking(key):
                self._known[key] = find()
        return self._known[key]  # type: ignore[return-value]

    @contextmanager
    def _asking(self, key: tuple[str, int, str]) -> Iterator[None]:
        if key in self._asked:
            kind, _, name = key
            raise InputError(f"{kind} {name} leads back to itself", place=str(self.path))
        self._asked.add(key)
        try:
            yield
        finally:
            self._asked.discard(key)
