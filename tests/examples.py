"""How many cases hypothesis tries of each property."""

import os

TIMES = int(os.environ.get("KCLI_EXAMPLES", "1"))
BY_DEFAULT = 30


def examples(number: int = BY_DEFAULT) -> int:
    """So many in each run of the tests; `make soak` tries many times as many."""
    return number * TIMES
