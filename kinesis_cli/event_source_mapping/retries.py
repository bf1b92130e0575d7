"""How often a batch is tried again, and how long a lane waits before it is."""

import math

from kinesis_cli.event_source_mapping.settings_document import UNLIMITED

# UNSURE(back-off): not documented for streams. Recorded pauses of 0.19 to 0.27 s, then 0.39 s, and
# eight calls within 60 s fit this curve; its cap is a guess.
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.2, 60.0


def pause_after(failures: int) -> float:
    """Seconds until a batch is tried again that has failed so often."""
    # 2**30 is far beyond the cap: no need for larger powers
    return min(FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 30), MAX_PAUSE_SECONDS)


def or_infinity(limit: int) -> float:
    """A limit as a number to compare with: AWS's -1 is infinity."""
    return math.inf if limit == UNLIMITED else float(limit)


def retry_in_words(failures: int, limit: float, pause: float) -> str:
    """Return `retry 1 of 2 in 0.2 s`."""
    of_limit = "" if math.isinf(limit) else f" of {limit:g}"
    return f"retry {failures}{of_limit} in {pause:g} s"
