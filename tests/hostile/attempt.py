"""One attempt: a hostile file, and what a reader made of it."""

import json
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import FrameType

from kinesis_cli.errors import KcliError
from tests.hostile.inputs import mutate, packed, with_bytes, with_token
from tests.hostile.readers import Reader

MAX_CALLS = 2_000_000  # of functions: what a machine does in about a second
MAX_MEMORY = 300 << 20  # bytes


class TooMuchWork(BaseException):
    """No `Exception`: nobody between here and there takes it for one of its own."""


def hostile_content(reader: Reader, random: Random) -> bytes:
    """A file for a reader: a sound one with something in it that is not."""
    sound = reader.sound()
    if isinstance(sound, str):
        text = sound
    else:
        document = json.loads(json.dumps(sound))
        for _ in range(random.choice([0, 1, 1, 2, 4])):
            document = mutate(document, random)
        text = json.dumps(document, indent=random.choice([None, 2]))
    for _ in range(
        random.choice([0, 0, 1, 2]) if not isinstance(sound, str) else random.choice([0, 1, 3])
    ):
        text = with_token(text, reader.kind, random)
    data = text.encode("utf-8", "surrogatepass")
    if random.random() < 0.25:
        data = with_bytes(data, random)
    return packed(data, random)


def attempt(reader: Reader, content: bytes, folder: Path) -> KcliError | None:
    """Let a reader read; only a `KcliError` may come of it, within bounds of work and memory."""
    file = folder / reader.file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    with _bounded():
        try:
            reader.read(folder)
        except KcliError as error:
            refused = error
        except OSError as error:  # kcli says of a file what the system says
            if error.filename is None:
                raise
            return None
        else:
            return None
    assert 0 < len(str(refused)) < 5_000, "an error is a sentence, not a book"
    return refused


@contextmanager
def _bounded() -> Iterator[None]:
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")
        if calls > MAX_CALLS:
            sys.setprofile(None)
            raise TooMuchWork(f"more than {MAX_CALLS:,} calls")

    before, most = sys.getprofile(), _most_memory()
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)
    assert _most_memory() - most < MAX_MEMORY, "it took too much memory"


def _most_memory() -> int:
    """The most bytes that this process ever had."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
