"""Ids that are random, and the same in each run."""

import random


def uuid_from(source: random.Random) -> str:
    """A random UUID, version 4, drawn from a seeded source."""
    digits = f"{source.getrandbits(128):032x}"
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
