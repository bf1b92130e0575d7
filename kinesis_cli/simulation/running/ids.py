"""Ids that are random, and the same in each run."""

import random

_VARIANTS = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


def uuid_from(source: random.Random) -> str:
    """A random UUID, version 4, drawn from a seeded source."""
    digits = source.getrandbits(128).to_bytes(16, "big").hex()
    variant = _VARIANTS[digits[16]]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
