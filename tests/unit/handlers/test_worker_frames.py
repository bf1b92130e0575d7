"""Frames between kcli and a worker: what is sent is received, whatever has come of it by then."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinesis_cli.handlers.runner.frames import Frames

Lines = list[tuple[bytes, bytes]]

frames = st.lists(
    st.tuples(
        st.sampled_from([b"{}", b"[1, 2]", b"x" * 700]),
        st.sampled_from([b"", b"\n", b"a\nb", b"y" * 5000, b"z" * 70_000]),
    ),
    max_size=6,
)


class _Pieces:
    """The receiving end of a socket, where the stream's bytes come in these pieces."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data, self._sizes = data, sizes

    def recv_into(self, buffer: memoryview) -> int:
        size = self._sizes.pop(0) if self._sizes else len(self._data)
        piece = self._data[: min(size, len(buffer))]
        buffer[: len(piece)] = piece
        self._data = self._data[len(piece) :]
        return len(piece)


def bytes_of(sent: Lines) -> bytes:
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        data = b""
        for line, body in sent:
            Frames(ours).send(line, body)
            length = 4 + len(line) + 1 + len(body)
            while length:
                piece = theirs.recv(length)
                data += piece
                length -= len(piece)
        return data


@given(frames, st.lists(st.integers(1, 80_000), max_size=30))
@settings(deadline=None)
def test_frames_are_received_as_they_were_sent_in_whatever_pieces(
    sent: Lines, sizes: list[int]
) -> None:
    receiving = Frames(_Pieces(bytes_of(sent), sizes))  # type: ignore[arg-type]
    for line, body in sent:
        received = receiving.receive()
        assert (bytes(received[0]), bytes(received[1])) == (line, body)
    with pytest.raises(EOFError):
        receiving.receive()


@pytest.fixture
def ends() -> Iterator[tuple[Frames, Frames]]:
    with ExitStack() as stack:
        ours, theirs = (stack.enter_context(closing(each)) for each in socket.socketpair())
        yield Frames(ours), Frames(theirs)


def test_a_frame_is_there_before_the_one_in_front_of_it_is_answered(
    ends: tuple[Frames, Frames],
) -> None:
    ours, theirs = ends
    for number in range(4):
        ours.send(b"asked %d" % number, b"of it\n")
    for number in range(4):
        line, body = theirs.receive()
        assert (bytes(line), bytes(body)) == (b"asked %d" % number, b"of it\n")
        theirs.send(b"answer %d" % number)
    assert [bytes(ours.receive()[0]) for _ in range(4)] == [b"answer %d" % n for n in range(4)]
