"""IP addresses in patterns and in data, as AWS's matcher reads them.

Source: https://github.com/aws/event-ruler, CIDR
"""

import ipaddress
import re

_IPV4 = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+")
_IPV6 = re.compile(r"[0-9a-fA-F:]*:[0-9a-fA-F:]*")
_MAX_IPV4_LENGTH = 15


def address(text: str) -> bytes | None:
    """Return the bytes of an IP address, 4 or 16; None where the text is none.

    Leading zeros count for nothing, and an IPv4 address in IPv6's form is an IPv4 address.
    """
    if _IPV4.fullmatch(text):
        if len(text) > _MAX_IPV4_LENGTH:
            return None
        parts = [int(part) for part in text.split(".")]
        return bytes(parts) if max(parts) <= 255 else None
    if not _IPV6.fullmatch(text):
        return None
    try:
        found = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found).packed


def is_same(wanted: bytes, found: bytes) -> bool:
    """Return whether an address is the wanted one.

    The matcher goes through hexadecimal digits and is content when those of the pattern are used
    up: to it "::" is also "0.0.0.0".
    """
    return found.startswith(wanted)


def is_within(first: bytes, last: bytes, found: bytes) -> bool:
    """Return whether an address is in a network, digit by digit as `is_same` says.

    What decides may come before the last digit: 2001:db8:: is within 0.0.0.0/0.
    """
    low, high, digits = first.hex(), last.hex(), found.hex()[: len(first) * 2]
    is_undecided = len(digits) < len(high) and high.startswith(digits)
    return low <= digits <= high and not is_undecided


def network(text: str) -> tuple[bytes, bytes]:
    """Return the first and the last address of a network such as "10.0.0.0/24".

    Raises:
        ValueError: it is none, or of one address only, which the matcher refuses.
    """
    parts = text.rstrip("/").split("/")
    if len(parts) != 2:
        raise ValueError("Malformed CIDR, one '/' required")
    if not re.fullmatch(r"[+-]?[0-9]+", parts[1], re.ASCII):
        raise ValueError("Malformed CIDR, mask bits must be an integer")
    mask, packed = int(parts[1]), address(parts[0])
    if mask < 0:
        raise ValueError("Malformed CIDR, mask bits must not be negative")
    if packed is None:
        raise ValueError(f"Malformed CIDR, {parts[0]} is not an IP address")
    bits = len(packed) * 8
    if mask >= bits:
        raise ValueError(f"{'IPv4' if bits == 32 else 'IPv6'} mask bits must be < {bits}")
    number, rest = int.from_bytes(packed), (1 << (bits - mask)) - 1
    return (number & ~rest).to_bytes(len(packed)), (number | rest).to_bytes(len(packed))
