"""Who may not come in: web pages, which a browser lets send requests to this machine."""

import re
from dataclasses import dataclass

from kinesis_cli.local.http.messages import Request, Response

# Also a bucket's own name before localhost, as the AWS CLI calls S3; and a whole URL, which some
# programs write there and no browser does.
_LOOPBACK = r"127\.0\.0\.1|\[::1\]|([a-z0-9.-]+\.)?localhost"
# What names a container to its neighbours: a service of compose (one word), an address, a service
# of Kubernetes. A web page has none of them for a name: public names have a dot, and the browser
# sends an Origin where a page of one address calls another.
_CONTAINER = (
    r"[a-z0-9][a-z0-9_-]*|\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\]"
    r"|host\.docker\.internal|[a-z0-9.-]+\.svc(\.cluster\.local)?"
)

_MESSAGE = b"kcli's local endpoint answers programs on this machine only, no web pages.\n"


@dataclass(frozen=True, slots=True)
class Strangers:
    """Tells requests of web pages from those of programs.

    Args:
        in_container: this machine is a container, whose neighbours know it by other names.
    """

    in_container: bool = False

    def refusal(self, request: Request) -> Response | None:
        """Refuse what a web page can send without asking us first; None: it may come in.

        That is a request with an Origin, to a name bound to this address, or marked by the browser
        as another site's; and a GET without an Authorization header that does what its query says.
        """
        headers = request.headers
        is_page = (
            "origin" in headers
            or not self._is_ours(headers.get("host", ""))
            or headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
            or (
                request.method in ("GET", "HEAD")
                and "authorization" not in headers
                and bool(request.query("Action"))
            )
        )
        return Response(403, "text/plain; charset=utf-8", _MESSAGE) if is_page else None

    def _is_ours(self, host: str) -> bool:
        names = f"{_LOOPBACK}|{_CONTAINER}" if self.in_container else _LOOPBACK
        return re.fullmatch(rf"(https?://)?({names})(:\d+)?", host, re.IGNORECASE) is not None
