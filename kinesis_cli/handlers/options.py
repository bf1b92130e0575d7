"""How a handler on this machine is run, wherever that is."""

import msgspec


class HandlerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a command says of it. What means nothing in a place is not looked at there."""

    isolated: bool = False  # in a process of its own, where the clock is always the real one
    wall_clock: bool = False  # it sees the real time in a simulation
    at: float | None = None  # epoch seconds of virtual time of its import; None: the real time
    debug: bool = False  # capture nothing and let no time run out, so that `breakpoint()` works
    debug_at: int | None = None  # the same for the delivery attempt of this number only
    cold: bool = False  # isolated: a fresh process for each call
    keep_failing_init: bool = False  # code that cannot be loaded fails each call, as on Lambda
    is_alone: bool = False  # between calls nobody but kcli writes to this process's output

    def debugs(self, attempt: int) -> bool:
        """Whether the call of this delivery attempt is debugged."""
        return self.debug or attempt == self.debug_at

    @property
    def loads_in_virtual_time(self) -> bool:
        """Whether the code sees another time than the real one while it is imported."""
        return self.at is not None and not self.wall_clock


NO_OPTIONS = HandlerOptions()
