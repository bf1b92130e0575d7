"""The end of kcli where a thread is still running that the user's code began.

Python waits for it, for ever if need be. Lambda freezes it, and ends it with its process.
"""

import atexit
import os
import sys
import threading
import time
from concurrent.futures import thread as pools
from contextlib import suppress

PATIENCE = 1.0  # seconds for all threads together: one that is about to end may do so


def leave_threads(code: int) -> None:
    """End this process now if a thread would hold it up; else do nothing.

    Args:
        code: of the exit.
    """
    if not _running():
        return
    # Idle threads of a pool end when they are told that the interpreter does, and wait until then.
    threading.Thread(target=pools._python_exit, daemon=True).start()
    until = time.monotonic() + PATIENCE
    for each in _running():
        each.join(max(0.0, until - time.monotonic()))
    if not (left := _running()):
        return
    from kinesis_cli.show.console import note

    names = ", ".join(repr(each.name) for each in left[:5])
    kind = "the thread" if len(left) == 1 else f"{len(left)} threads:"
    note(f"the handler left {kind} {names} running; kcli does not wait for it")
    with suppress(Exception):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def _running() -> list[threading.Thread]:
    """The threads that Python waits for when it ends."""
    return [
        each
        for each in threading.enumerate()
        if each is not threading.main_thread() and not each.daemon and each.is_alive()
    ]
