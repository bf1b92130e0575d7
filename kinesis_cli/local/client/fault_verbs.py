"""The verbs of `kcli local faults`: what each says to the server's control path."""

import re
from collections.abc import Sequence

from kinesis_cli.errors import InputError
from kinesis_cli.stream.times import length_in_seconds

# verb → what it takes
VERBS = {
    "throttle": "STREAM[/SHARD]... | off",
    "fail": "SHARE | off",
    "error": "SHARE | off",
    "delay": "DURATION | off",
    "cut": "before|after [SHARE] | off",
    "operations": "NAME... | all",
    "expire-iterators": "nothing",
    "clock": "+DURATION | -DURATION | reset",
    "off": "nothing",
}


def fault_request(verb: str, values: Sequence[str]) -> dict[str, object]:
    """The request of a verb.

    Raises:
        InputError: there is no such verb, or it takes something else.
    """
    match verb, list(values):
        case "throttle", ["off"]:
            return {"set": {"throttle": []}}
        case "throttle", [_, *_] as streams:
            return {"set": {"throttle": streams}}
        case "fail" | "error" | "delay", ["off"]:
            return {"set": {verb: 0.0}}
        case "fail" | "error", [share]:
            return {"set": {verb: _share(verb, share)}}
        case "delay", [duration]:
            return {"set": {"delay": _duration(verb, duration)}}
        case "cut", ["off"]:
            return {"set": {"cut": None}}
        case "cut", ["before" | "after" as moment, *share] if len(share) <= 1:
            return {"set": {"cut": moment, "cut_share": _share(verb, *share) if share else 1.0}}
        case "operations", ["all"]:
            return {"set": {"operations": []}}
        case "operations", [_, *_] as operations:
            return {"set": {"operations": operations}}
        case "expire-iterators", []:
            return {"expire_iterators": True}
        case "clock", ["reset"]:
            return {"clock": None}
        case "clock", [duration] if duration[:1] in ("+", "-"):
            sign = -1 if duration[0] == "-" else 1
            return {"clock": sign * _duration(verb, duration[1:])}
        case "off", []:
            return {"clear": True}
    if verb not in VERBS:
        raise InputError(f"there is no fault {verb!r}", advice=f"There are {', '.join(VERBS)}.")
    found = " ".join(values) or "nothing"
    raise InputError(f"takes {VERBS[verb]}, found {found}", place=f"faults {verb}")


def _share(verb: str, text: str) -> float:
    """`0.2` or `20%`."""
    number, percent = text.removesuffix("%"), text.endswith("%")
    if re.fullmatch(r"\d+(\.\d+)?", number):
        share = float(number) / (100 if percent else 1)
        if share <= 1:
            return share
    raise InputError(f"{text!r} is not a share, such as 0.2 or 20%", place=f"faults {verb}")


def _duration(verb: str, text: str) -> float:
    """`6m`, `250ms`, `90` in seconds."""
    return length_in_seconds(text, f"faults {verb}", "250ms, 6m or 25h")
