"""Whether workers are on this machine: whether their loopback address is this one's."""

import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingTCPServer

_HOST = "127.0.0.1"
_LENGTH = 16  # bytes
_PATIENCE = 10.0  # seconds


@contextmanager
def answering() -> Iterator[tuple[int, bytes]]:
    """Answer on a port of this machine's loopback; yields the port, and what it answers."""
    word = secrets.token_bytes(_LENGTH)

    class Answer(BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(word)

    with ThreadingTCPServer((_HOST, 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1], word
        finally:
            server.shutdown()


def hears(port: int, word: bytes) -> bool:
    """Return whether a port of the loopback, as it is here, answers so."""
    try:
        with socket.create_connection((_HOST, port), _PATIENCE) as connection:
            heard = b""
            while len(heard) < len(word) and (piece := connection.recv(_LENGTH)):
                heard += piece
    except OSError:
        return False
    return heard == word
