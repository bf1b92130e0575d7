"""HTTP/1.1 or HTTP/2 on each connection: uvicorn's protocol on zttp, mended in three places.

Not imported where zttp cannot be. A test in `tests/contract/kinesis/test_uvicorn.py` fails when
uvicorn has mended one of them itself; then take it out here.
"""

import asyncio
from collections.abc import Iterator

import zttp
from uvicorn.protocols.http import auto_zttp_impl
from uvicorn.protocols.http.zttp_h2_impl import ZttpH2Protocol


class Http2(ZttpH2Protocol):
    """Notices that a request ends with its head; uvicorn 0.54 waits for its body for ever.

    Its HTTP/1.1 got https://github.com/Kludex/uvicorn/pull/3063.

    And lets a client that says GOAWAY close the connection itself. It still waits for answers (RFC
    9113, 6.8), and uvicorn closes as soon as it has the last one whole: of one of more than 64 KiB
    what waits for the client's window is lost, and to some clients the rest looks like all of it.
    """

    def events(self) -> Iterator[zttp.Event]:  # type: ignore[override]
        """What the client says, without that it is about to leave."""
        return (each for each in super().events() if not isinstance(each, zttp.GoAway))

    def handle_request(self, event: zttp.Request) -> None:
        """Begin to answer a request."""
        super().handle_request(event)
        if event.end_stream and (cycle := self.cycles.get(event.stream_id)):
            cycle.more_body = False
            cycle.message_event.set()


class EitherHttp(auto_zttp_impl.AutoZttpProtocol):
    """Looks at the first bytes also under TLS, where the client did not say which version it means.

    Java's asynchronous client, and so the KCL, speaks HTTP/2 without ALPN.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Choose the version, or wait for the first bytes."""
        tls = transport.get_extra_info("ssl_object")
        if tls is None or tls.selected_alpn_protocol() is not None:
            super().connection_made(transport)
            return
        self.transport = transport
        self.connections.add(self)
        wait = self.config.timeout_keep_alive
        self.timeout_task = self.loop.call_later(wait, transport.close)


def either_http() -> type[EitherHttp]:
    """The protocol. uvicorn takes ours for HTTP/2 from here on."""
    auto_zttp_impl.ZttpH2Protocol = Http2  # type: ignore[attr-defined]
    return EitherHttp
