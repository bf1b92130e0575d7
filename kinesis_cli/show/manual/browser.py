"""A page of the site in a browser, where there are both."""

import os
import sys


def opened(address: str) -> bool:
    """Open an address in a browser; whether there is one that a person sees."""
    if not _has_a_screen():
        return False
    import webbrowser

    try:
        return webbrowser.open(address)
    except (webbrowser.Error, OSError):
        return False


def _has_a_screen() -> bool:
    """Whether a window would be seen: BROWSER says so, else the desktop."""
    if os.environ.get("BROWSER"):
        return True
    if os.environ.get("SSH_CONNECTION"):
        return False
    if sys.platform == "darwin":
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
