"""How long a soak is to last, as its command line says."""

import math
import sys
from collections.abc import Sequence


def lasting(arguments: Sequence[str], usual: float, least: float) -> float:
    """The seconds that are named, or the usual ones; ends the program where they are no time.

    Args:
        arguments: behind the program's name.
        usual: where there is none.
        least: in less than these, nothing could be compared.
    """
    if not arguments:
        return usual
    try:
        seconds = float(arguments[0])
    except ValueError:
        seconds = math.nan
    if not least <= seconds < math.inf:
        sys.stderr.write(
            f"{arguments[0]!r} is too short, or no time: give {least:g} seconds or more.\n"
        )
        sys.exit(2)
    return seconds
