"""Where the documentation is published: the address that this installation knows."""

import os
from importlib.metadata import PackageNotFoundError, metadata

ADDRESS = "KCLI_DOCS_URL"
_LABEL = "documentation"


def site_address() -> str | None:
    """The site's address, from KCLI_DOCS_URL or the package's own; None: neither says one."""
    if address := os.environ.get(ADDRESS, ""):
        return address.rstrip("/")
    try:
        urls: list[str] = metadata("kinesis-cli").get_all("Project-URL") or []
    except PackageNotFoundError:
        return None
    for label, _, address in (each.partition(", ") for each in urls):
        if label.lower() == _LABEL:
            return address.rstrip("/")
    return None
