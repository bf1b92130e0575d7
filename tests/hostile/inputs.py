"""Hostile files: what is right, with something in it that is not.

Each file begins as a sound one. Then values are replaced by those that loaders stumble over, or
bytes are lost, doubled and changed.
"""

# ruff: noqa: E501, ANN401 - data

import gzip
import json
import sys
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

DEPTH = 200


def nested(depth: int, inside: object = 1, *, member: str | None = None) -> object:
    """A value inside so many lists, or objects with one member."""
    value = inside
    for _ in range(depth):
        value = [value] if member is None else {member: value}
    return value


VALUES: tuple[Callable[[Random], object], ...] = (
    lambda _: None,
    lambda r: r.choice([True, False, 0, -1, 1, 10**30, -(10**400), 2**63, 1e308, 1e-320, 0.1]),
    lambda r: r.choice([float("inf"), float("-inf"), float("nan")]),
    lambda r: r.choice(["", " ", "\0", "a\0b", "\x1b[2J", "\x9b31m", "\u202e", "[red]", "é" * 9]),
    lambda r: r.choice(["x", "=", "/"]) * r.choice([300, 5000, 70_000]),
    lambda r: r.choice(["../../../etc", "/dev/null", ".", "~", "http://[::1", "arn:aws:", "s3://"]),
    lambda r: r.choice(["1e999", "0x_", "９", "²", "1_0", "-0", "1" * 5000, "NaN", "Infinity"]),
    lambda r: r.choice(["2024-13-45", "2024-02-30T25:61:61Z", "99999-01-01", "0000-00-00"]),
    lambda r: r.choice(["{{resolve:ssm:x}}", "${A}", "${A.B.C}", "${!x}", "{{resolve:", "${", "$"]),
    lambda r: r.choice([[], {}, [[]], [None], {"": None}, {"a": {}}, [1, "x", {}]]),
    lambda r: nested(r.choice([5, DEPTH, DEPTH]), member=r.choice([None, "a", "Fn::Not"])),
    lambda r: {"Ref": r.choice(["A", "B", "Function", "Stream", "AWS::NoValue", "", None, 1])},
    lambda r: {"Fn::GetAtt": r.choice(["A.Arn", "Stream.Arn", ["A"], [], ["A", None], 1, "A"])},
    lambda r: {"Fn::Sub": r.choice(["${A}${A}", ["${x}", {"x": {"Ref": "A"}}], "${Function}", 1])},
    lambda r: {"Fn::If": r.choice([["C", 1, 2], ["C"], "C", [None, 1, 2], [{"Ref": "C"}, 1, 2]])},
    lambda r: {r.choice(["Fn::Join", "Fn::Split", "Fn::Select", "Fn::FindInMap"]): r.choice(_ARGS)},
    lambda r: {r.choice(["Fn::Base64", "Fn::Transform", "Fn::", "Fn::ImportValue"]): "x"},
)
_ARGS: tuple[object, ...] = (
    ["", []],
    [",", ["a", {"Ref": "A"}]],
    ["9" * 30, ["a"]],
    [1e300, [1]],
    [",", "a,b"],
    ["M", "a", "b"],
    [["M"], {}, None],
    [],
    None,
    "x",
)
NAMES = ("", "\0", "x" * 300, "Ref", "Fn::Sub", "Condition", "__proto__", "a.b", "a=b", "0", "é")


def mutate(value: Any, random: Random) -> object:
    """A value, with one thing in it changed."""
    places = list(_places(value))
    if not places or random.random() < 0.02:
        return _new_value(random)
    container, key = random.choice(places)
    match random.randrange(8):
        case 0:
            del container[key]
        case 1 if isinstance(container, dict):
            container[random.choice(NAMES)] = container.pop(key)
        case 2:
            other, other_key = random.choice(places)
            container[key] = json.loads(json.dumps(other[other_key]))
        case 3 if isinstance(container, list):
            container.extend([container[key]] * random.choice([1, 50]))
        case 4:
            container[key] = [container[key]] if random.random() < 0.5 else {"a": container[key]}
        case _:
            container[key] = _new_value(random)
    return value


def _new_value(random: Random) -> object:
    """One of `VALUES`. A copy: what is changed in it must not be in the next file, too."""
    return deepcopy(random.choice(VALUES)(random))


def _places(value: Any) -> "list[tuple[Any, Any]]":
    found: list[tuple[Any, Any]] = []
    waiting = [value] if isinstance(value, dict | list) else []
    while waiting:
        each = waiting.pop()
        keys = list(each) if isinstance(each, dict) else range(len(each))
        for key in keys:
            found.append((each, key))
            if isinstance(each[key], dict | list):
                waiting.append(each[key])
    return found


TOKENS = {
    "yaml": (
        "2024-13-45", "0x_", "0b_", "0o9", ".inf", "-.inf", ".nan", "1e999", "1:99:99", "0._",
        "!!int x", "!!float x", "!!timestamp x", "!!binary x", "!!bool x", "!!set [a]", "!!null x",
        "!!omap x", "!!pairs [a]", "!!python/object:os.system x", "!Foo", "!Ref [a]", "!Sub", "!<x",
        "!GetAtt {a: b}", "&a [*a]", "&a {b: *a}", "*gone", "{<<: 1}", "{<<: [1]}", "{[a]: b}",
        "? [a]\n: b", "%YAML 9.9", "--- a\n--- b", "\t", "|9", ">-\n", "'", '"\\xZZ"', "@", "`",
        "!!map [a]", "!!seq {a: b}", "!!str {a: b}", "{? {a: b} : c}", "!!value x", "=", "<<",
        "1" * 5000, "[" * DEPTH + "]" * DEPTH, "{a: " * DEPTH + "}" * DEPTH,
    ),
    "toml": (
        "2024-13-45", "0x_", "1e999", "inf", "nan", "[[a]]", "[a.b]", "a.b.c = 1", '"\\uD800"',
        "'''", '"""', "1979-05-27T07:32:00Z", "07:32:00", "1" * 5000, "[" * DEPTH + "]" * DEPTH,
        "{a = " * DEPTH + "1" + "}" * DEPTH, "= 1", "a = ", "\0",
    ),
    "json": (
        "NaN", "-Infinity", "1e999", "-", "1" * 5000, "01", '"\\ud800"', '"\\u0000"', "\t", "'a'",
        "[" * DEPTH + "]" * DEPTH, '{"a":' * DEPTH + "1" + "}" * DEPTH, "[" * 100_000, "//", "\0",
        "true", "null", ",", "}", "]", "{}{}", "\ufeff", "\u2028",
    ),
}  # fmt: skip


def with_token(text: str, kind: str, random: Random) -> str:
    """A text, with a word of its language where another word was."""
    token = random.choice(TOKENS[kind])
    starts = [at for at, letter in enumerate(text) if letter in " :=[,\n"]
    start = random.choice(starts or [0]) + 1
    end = start
    if random.random() < 0.8:
        while end < len(text) and text[end] not in ",:=]}\n":
            end += 1
    return text[:start] + token + text[end:]


def with_bytes(data: bytes, random: Random) -> bytes:
    """Some bytes, with a few lost, doubled or changed."""
    for _ in range(random.choice([1, 1, 2, 5])):
        at = random.randrange(len(data) + 1)
        some = random.choice([1, 1, 2, 8, 100])
        match random.randrange(5):
            case 0:
                data = data[:at] + data[at + some :]
            case 1:
                data = data[:at]
            case 2:
                data = data[:at] + data[at : at + some] * 2 + data[at + some :]
            case 3:
                data = data[:at] + random.randbytes(some) + data[at:]
            case _:
                data = data[:at] + random.choice(_BYTES) + data[at + some :]
    return data


_BYTES = (b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\r", b"\n\n")  # fmt: skip


def packed(data: bytes, random: Random) -> bytes:
    """Sometimes packed, and then damaged sometimes."""
    match random.randrange(8):
        case 0:
            data = gzip.compress(data, mtime=0)  # the same seed makes the same bytes
        case 1:
            data = zstd.compress(data)
        case _:
            return data
    return with_bytes(data, random) if random.random() < 0.6 else data
