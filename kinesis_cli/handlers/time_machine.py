"""The wall clocks of kcli's own process, moved by time-machine.

It works on the functions in C themselves, so that modules which were imported before follow, too.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class TimeMachine:
    """`WallClocks` of this process, for one function."""

    def __init__(self) -> None:
        # One for all calls: only where it leads to differs.
        self._travel: Any = _import_time_machine().travel(0, tick=False)
        self._traveller: Any = None

    def start(self, at_ns: int) -> None:
        """Stand still at `at_ns`, nanoseconds since the epoch."""
        self._travel.destination_timestamp_ns = at_ns
        self._traveller = self._travel.start()

    def shift(self, seconds: float) -> None:
        """Move them on."""
        self._traveller.shift(seconds)

    def stop(self) -> None:
        """Show what they showed before `start`."""
        self._travel.stop()


def _import_time_machine() -> ModuleType:
    """time-machine, without what it imports only to serve tests.

    It imports pytest and dateutil's parser wherever they are installed: 400 ms of start-up. An
    entry of None in `sys.modules` is Python's way to say that a module is not there. unittest,
    whose `TestCase` it only compares with, gets a stand-in: a twentieth of the start-up.
    """
    if "time_machine" in sys.modules:
        return sys.modules["time_machine"]
    stand_ins = {"pytest": None, "dateutil.parser": None, "unittest": _unittest()}
    unneeded = {name: each for name, each in stand_ins.items() if name not in sys.modules}
    sys.modules.update(unneeded)  # type: ignore[arg-type]
    try:
        return import_module("time_machine")
    finally:
        for name in unneeded:
            del sys.modules[name]


def _unittest() -> ModuleType:
    module = ModuleType("unittest")
    module.TestCase = type("TestCase", (), {})  # type: ignore[attr-defined]
    return module
