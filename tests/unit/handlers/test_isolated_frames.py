"""Messages and prints in one stream of bytes, whatever pieces it comes in."""

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from kinesis_cli.handlers.isolated.frames import Frames

Part = tuple[bytes, bool]  # and whether it is a message

messages = st.tuples(st.binary(max_size=40), st.just(True))
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=10)
prints = st.tuples(texts.map(str.encode), st.just(False))


def frame(message: bytes) -> bytes:
    return b"\xa5\x5a\x00\x0f" + len(message).to_bytes(4, "big") + bytes(8) + message


@example([("å".encode(), False)], [])  # ends as a mark begins
@given(st.lists(st.one_of(messages, prints)), st.lists(st.integers(0, 500)))
def test_what_was_written_is_told_apart(written: list[Part], cuts: list[int]) -> None:
    data = b"".join(frame(part) if is_message else part for part, is_message in written)
    frames = Frames()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    read = [part for start, end in pairwise(edges) for part in frames.split(data[start:end])]
    assert joined([*read, (frames.rest(), False)]) == joined(written)


def joined(parts: list[Part]) -> list[Part]:
    """Prints that follow one another as one."""
    whole: list[Part] = []
    for part, is_message in parts:
        if whole and not (is_message or whole[-1][1]):
            whole[-1] = (whole[-1][0] + part, False)
        elif part or is_message:
            whole.append((part, is_message))
    return whole


def test_what_has_no_end_is_given_at_the_end() -> None:
    frames = Frames()
    assert list(frames.split(b"printed" + frame(b"message")[:-2])) == [(b"printed", False)]
    assert frames.rest() == b"messa"
    assert frames.rest() == b""


def test_what_claims_to_be_too_long_was_printed() -> None:
    data = b"\xa5\x5a\x00\x0f\xff\xff\xff\xff" + bytes(9)
    assert list(Frames().split(data)) == [(data, False)]
