"""moto's own calls out (SNS's HTTP subscriptions, EventBridge's destinations) stay on this machine.

A message that was put on the local endpoint is nobody's business elsewhere, and whoever can reach
the endpoint could otherwise make it call any address that this machine can reach.
"""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from kinesis_cli.local.logs import print_line


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine by its name: `localhost` or a loopback address."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def keep_calls_here() -> None:
    """Answer for everybody but this machine with 403, in the process that calls this once."""
    import requests
    from requests.adapters import HTTPAdapter

    send = HTTPAdapter.send

    def send_here(self: HTTPAdapter, request: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        if is_loopback(str(request.url)):
            return send(self, request, *args, **kwargs)
        print_line(f"not called, since it is not on this machine: {request.url}")
        refused = requests.Response()
        refused.status_code, refused.url, refused.request = 403, str(request.url), request
        return refused

    HTTPAdapter.send = send_here  # type: ignore[method-assign]
