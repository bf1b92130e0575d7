"""How much memory a process and those below it have in use, from /proc.

Source: https://man7.org/linux/man-pages/man5/proc.5.html
"""

import os
from collections.abc import Iterator
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


def family(pid: int) -> list[int]:
    """`pid` and all processes below it that exist."""
    return [pid, *(one for child in _children(pid) for one in family(child))]


def _children(pid: int) -> Iterator[int]:
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - several times as fast
            yield from map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
    except OSError:  # it has ended
        return


def peak(pid: int) -> int:
    """Bytes that `pid` alone had resident at most, so far; 0 if it has ended."""
    return _kilobytes(f"/proc/{pid}/status", b"VmHWM:")


def resident(pids: list[int], limit: float) -> int:
    """Bytes that `pids` have resident together.

    Args:
        pids: processes.
        limit: bytes. Only a sum above it is worth to count pages exactly that processes share
            after a fork.
    """
    rough = sum(map(_resident, pids))
    if rough <= limit or len(pids) == 1:
        return rough
    return sum(_kilobytes(f"/proc/{pid}/smaps_rollup", b"Pss:") for pid in pids)


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _kilobytes(file: str, name: bytes) -> int:
    try:
        _, _, rest = Path(file).read_bytes().partition(name)
        return int(rest.split(maxsplit=1)[0]) * 1024
    except (OSError, IndexError):
        return 0
