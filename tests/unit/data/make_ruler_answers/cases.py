"""Patterns and events to ask AWS's matcher about: groups of each, asked crosswise.

Deterministic. A group has events, and patterns that are judged against each of them.
"""

import itertools
import json
import random
from collections.abc import Iterator
from typing import Any

Group = tuple[str, list[str], list[str]]  # name, patterns, events; both JSON as text


def groups() -> Iterator[Group]:
    """All groups."""
    yield numbers()
    yield strings()
    yield ignored_case()
    yield wildcards()
    yield addresses()
    yield kinds()
    yield paths()
    yield lists_of_objects()
    yield branches()
    yield from (at_random(seed) for seed in range(12))
    yield refused()


def numbers() -> Group:
    """Numbers as they can be written: epoch times, huge, tiny, precise, signed, with exponents.

    Not 1e23: Java before 19 writes its double as 9.999999999999999E22, and takes it for another one.
    """
    values = [
        "0",
        "-0",
        "0.0",
        "-0.0",
        "0e5",
        "1",
        "1.0",
        "1.00",
        "10e-1",
        "1e0",
        "1E0",
        "-1",
        "0.1",
        "0.10",
        "1e-1",
        "0.1000000000000000055511151231257827",
        "300",
        "300.0",
        "3e2",
        "3.0e+2",
        "30000e-2",
        "0.000001",
        "1e-6",
        "1e-7",
        "0.123456",
        "0.1234567",
        "123456.7890123",
        "5000000000",
        "5000000001",
        "5e9",
        "-5000000000",
        "-5000000001",
        "111122223333",
        "1545084650987",
        "1545084650.987",
        "1.545084650987e12",
        "1700000000000",
        "9007199254740991",
        "9007199254740992",
        "9007199254740993",
        "9007199254740993.0",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551616",
        "12345678901234567000",
        "123456789012345678901234567890",
        "1e300",
        "-1e300",
        "1e308",
        "1.7976931348623157e308",
        "1.7976931348623159e308",
        "1e309",
        "-1e309",
        "1e400",
        "1E400",
        "1e-300",
        "1e-320",
        "1e-400",
        "2.2250738585072014e-308",
        "3.14",
        "3.141592653589793",
        "3.14159265358979323846",
        "314e-2",
        "0.3",
        "0.30000000000000004",
        "0.299999999999999988897769753748",
    ]
    rules = [
        *values,
        *(f'{{"numeric": ["{operator}", {value}]}}' for value in values for operator in ("=", ">=")),
        *(
            f'{{"numeric": ["{operator}", {value}]}}'
            for operator, value in itertools.product(
                ("<", "<=", ">"), ("0", "-0", "1", "0.1", "5e9", "1545084650987", "1e300", "-1e300")
            )
        ),
        *(f'{{"anything-but": {value}}}' for value in values[::2]),
        *(
            f'{{"numeric": ["{low}", {bottom}, "{high}", {top}]}}'
            for low, high in itertools.product((">", ">="), ("<", "<="))
            for bottom, top in (
                ("0", "1"), ("-1", "0"), ("0", "0"), ("1", "0"), ("0.0", "-0"), ("5", "5.0"),
                ("1545084650000", "1545084651000"), ("-1e300", "1e300"), ("0", "1e309"),
                ("0.1", "0.30000000000000004"), ("9007199254740991", "9007199254740992"),
                ("1", "0.1234567"),
            )
        ),
        '{"anything-but": [1, 2, 300]}',
        '{"anything-but": [0, 1e300]}',
        '{"anything-but": [1e400]}',
        '{"anything-but": "1"}',
    ]  # fmt: skip
    others = ['"1"', '"300"', "true", "null", "[]", "[0, 1]", "[300, 1e400]", "{}", '"1e400"']
    return "numbers", [leaf(rule) for rule in rules], [event(value) for value in [*values, *others]]


def strings() -> Group:
    """What compares text, with quotation marks, backslashes and characters of many bytes."""
    texts = [
        "", " ", "a", "A", "ab", "abc", "cba", "b", "bc", '"', '""', 'a"', '"a', 'a"b', "\\", "a\\b",
        "*", "a*b", "null", "true", "1", "300", "é", "e\u0301", "né", "日本", "日本語", "本", "\U0001f600",
        "x\U0001f600", "\u0000", "a\n", "\t", "\x7f", "us-east-1", "us-", "eu-us-", "-1", "\ufffd",
    ]  # fmt: skip
    rules: list[Any] = [*texts]
    some = [text for text in texts if text not in ("\u0000", "null", "true")]
    for operator in ("prefix", "suffix", "exactly"):
        rules += [{operator: text} for text in some]
    rules += [{"anything-but": text} for text in some[::2]]
    for operator in ("prefix", "suffix"):
        rules += [{"anything-but": {operator: text}} for text in some[::2]]
        rules += [{"anything-but": {operator: some[start : start + 3]}} for start in (1, 8, 20)]
    rules += [{"anything-but": ["a", "abc", "日本"]}, {"anything-but": ["", '"']}]
    more = [None, True, False, 1, 300, [], ["a", "日本"], {"b": "a"}, [["abc"]], ["x", None]]
    patterns = [leaf(json.dumps(rule)) for rule in rules]
    return "strings", patterns, [event(json.dumps(value)) for value in [*texts, *more]]


def ignored_case() -> Group:
    """equals-ignore-case, also within prefix, suffix and anything-but."""
    texts = [
        "", "a", "A", "aB", "AB", "ab", "straße", "STRASSE", "strasse", "STRAßE", "STRAẞE", "ß", "ẞ", "SS",
        "ss", "İ", "i", "I", "ı", "i\u0307", "É", "é", "K", "k", "\u212a", "ſ", "s", "S", "Σ", "σ", "ς", "ΑΣ",
        "ας", "ασ", "ŉ", "ʼN", "ʼn", "ﬁ", "FI", "fi", "Ǆ", "ǅ", "ǆ", "ÿ", "Ÿ", "µ", "μ", "Μ", "Å", "å", "\u212b",
        "Ω", "ω", "\u2126", "日", "\U00010400", "\U00010428", "x.PNG", "x.png", "eventbridge", "EVENTB", "1", "ΰ",
    ]  # fmt: skip
    rules: list[Any] = []
    for text in texts:
        rules += [{"equals-ignore-case": text}, {"prefix": {"equals-ignore-case": text}}]
        rules += [{"suffix": {"equals-ignore-case": text}}]
    rules += [{"anything-but": {"equals-ignore-case": text}} for text in texts[::3]]
    rules += [{"anything-but": {"equals-ignore-case": ["a", "ß", "K"]}}]
    patterns = [leaf(json.dumps(rule)) for rule in rules]
    return (
        "ignored case",
        patterns,
        [event(json.dumps(value)) for value in [*texts, None, 1, ["A"]]],
    )


def wildcards() -> Group:
    """Asterisks and their escapes."""
    words = [
        "*", "a*", "*a", "*a*", "a*b", "a*b*", "*ab*ab", "ab*ba", "a*a", "a*b*c", "*日*", "日*", r"\*", r"\**",
        r"*\*", r"a\\*", r"\\", "", "a", "*.png", "*/dir/*.png", "x*x*x", "*\U0001f600", '"*"', '*"', "*\n*", "*é*",
    ]  # fmt: skip
    texts = [
        "", "a", "b", "ab", "ba", "aa", "aab", "aba", "abba", "abab", "abxab", "abc", "aXbYc", "日", "日本", "a日",
        "*", "**", "a*", "a\\", "a\\b", "\\", "x.png", "y/dir/x.png", "/dir/.png", "xxx", "xx", "x-x-x", "\U0001f600",
        '"', '""', "a\nb", "é", "e\u0301", "naïve é",
    ]  # fmt: skip
    rules: list[Any] = [{"wildcard": word} for word in words]
    rules += [{"anything-but": {"wildcard": word}} for word in words]
    rules += [{"anything-but": {"wildcard": ["*a", "b*"]}}]
    refused = ["**", "a**b", r"\a", "\\", r"a\"", r"\\\x"]
    rules += [{"wildcard": word} for word in refused]
    rules += [{"anything-but": {"wildcard": [word, "x"]}} for word in refused]
    many = ["*a*a*a*a*a*a", "*a*b*c*d*e*f*g*h*i*j", "a*b*c*d*e*f*g*h*i*j*k", "*/x/*/x/*/x/*"]
    rules += [{"wildcard": word} for word in many]
    lists: list[list[Any]] = [
        [{"wildcard": f"*/data/*.{end}"} for end in ends]
        for ends in (["bif", "tif"], ["bif", "tif", "svs"], ["bif", "tiff", "tif", "svs"])
    ]
    lists += [[{"wildcard": f"{letter}*"} for letter in "abcdefghijklmnop"]]
    lists += [[{"wildcard": f"*.{letter}"} for letter in "abcdefgh"]]
    lists += [
        [{"wildcard": "*a*"}, "b", None, 3],
        [{"anything-but": {"wildcard": ["*a*a", "b*b*"]}}],
    ]
    patterns = [leaf(json.dumps(rule)) for rule in rules]
    patterns += [json.dumps({"a": rules_}) for rules_ in lists]
    return (
        "wildcards",
        patterns,
        [event(json.dumps(value)) for value in [*texts, None, 1, ["a", "b"]]],
    )


def addresses() -> Group:
    """IP addresses: networks, and texts that are addresses."""
    networks = [
        "10.0.0.0/24", "10.0.0.7/24", "10.0.0.0/31", "10.0.0.0/32", "0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/33",
        "10.0.0.0/-1", "10.0.0.0", "10.0.0.0/a", "10.0.0/24", "256.0.0.0/8", "x/8", "10.0.0.0/24/1", "/", "",
        "2001:db8::/32", "2001:db8::/127", "2001:db8::/128", "::/0", "::ffff:a00:0/104", "::1/64", "010.0.0.0/24",
        "10.0.0.0/024", "10.0.0.0/+24", " 10.0.0.0/24", "fe80::1%eth0/64", "2001:db8::/129", "1:2:3/16", "10.0.0.0/ 24",
    ]  # fmt: skip
    texts = [
        "10.0.0.0", "10.0.0.1", "10.0.0.255", "10.0.1.0", "010.0.0.1", "10.0.0.01", "10.0.0", "10.0.0.256", "11.0.0.0",
        "0.0.0.0", "255.255.255.255", "2001:db8::", "2001:DB8::1", "2001:db8:0:0:0:0:0:1", "2001:db9::", "::1", "::",
        "0:0:0:0:0:0:0:1", "::ffff:a00:1", "::ffff:10.0.0.1", "1:2:3", "x", "", " 10.0.0.1", "10.0.0.9", "10.0.0.10",
        "10.0.0.15", "10.0.0.159", "0A000001", "\uff11\uff10.0.0.1", "1.2.3.4.5", "fe80::1%eth0",
    ]  # fmt: skip
    rules: list[Any] = [{"cidr": network} for network in networks] + list(texts)
    rules += [{"anything-but": text} for text in texts[:6]] + [{"prefix": "10."}]
    patterns = [leaf(json.dumps(rule)) for rule in rules]
    patterns += [json.dumps({"a": [{"cidr": "10.0.0.0/24"}, {"cidr": "2001:db8::/32"}, "x"]})]
    more = ["10", "10.0", '["10.0.0.1", 3]', "null", "12345678", "167772161", "{}"]
    return (
        "addresses",
        patterns,
        [event(json.dumps(text)) for text in texts] + list(map(event, more)),
    )


def kinds() -> Group:
    """Every kind of leaf against every kind of value; presence and absence."""
    values = [
        "null", "true", "false", "0", "1", '""', '"null"', '"true"', '"a"', "[]", "[null]", "[[]]", "[[], {}]",
        "{}", '{"b": 1}', '{"b": null}', '{"b": []}', '{"b": {}}', "[1, true]", '["a", ["b", [null]]]', "[[1]]",
        '[{"b": 1}, {"b": 2}]', '[{"b": 1}, 3]', '[{"c": 1}]', '[[{"b": 1}]]', '{"b": [1, 2]}', '{"b": {"c": 1}}',
    ]  # fmt: skip
    rules = [
        ["null"], ["true"], ["false"], ['""'], ['"null"'], ["0"], ["1"], ['"a"'], ["null", "1"],
        ['{"exists": true}'], ['{"exists": false}'], ['{"exists": true}', '{"exists": false}'],
        ['{"exists": false}', "1"], ['"a"', '{"exists": false}'], ['{"anything-but": "a"}'],
        ['{"anything-but": 1}'], ['{"anything-but": 1}', '{"exists": false}'], ['{"prefix": ""}'],
        ['{"suffix": ""}'], ['{"wildcard": "*"}'], ['{"equals-ignore-case": ""}'],
        ['{"anything-but": ["a", "b"]}', "null"], ['{"numeric": [">=", 0]}', '{"exists": false}'],
    ]  # fmt: skip
    paths_ = [
        '{{"a": [{}]}}',
        '{{"a": {{"b": [{}]}}}}',
        '{{"a.b": [{}]}}',
        '{{"a": {{"b": {{"c": [{}]}}}}}}',
    ]
    patterns = [path.format(", ".join(one)) for path in paths_ for one in rules]
    whole = ["{}", '{"z": 1}', '{"a.b": 1}', '{"a.b": 2, "a": {"b": 1}}']
    return "kinds", patterns, [event(value) for value in values] + whole


def paths() -> Group:
    """Keys with dots, empty keys, keys that are spelt twice."""
    patterns = [
        {"a": {"b": {"c": [1]}}}, {"a.b": {"c": [1]}}, {"a": {"b.c": [1]}}, {"a.b.c": [1]}, {"": [1]},
        {"a": {"": [1]}}, {"a.": [1]}, {".a": [1]}, {"a..b": [1]}, {"a": {"b": [1]}, "a.b": [2]},
        {"a.b": [2], "a": {"c": [3]}}, {"a.b": [1], "a.c": [{"exists": False}]}, {"é": [1]}, {"$or": 1},
        {"a": {"b": [1], "b.c": [2]}}, {"a": [1], "a.b": [2]}, {"a": [{"exists": False}], "a.b": [2]},
        {"A": [1]}, {"a b": [1]}, {"a": {"$or": [1]}}, {"日": {"本": [1]}},
    ]  # fmt: skip
    events = [
        {"a": {"b": {"c": 1}}}, {"a.b": {"c": 1}}, {"a": {"b.c": 1}}, {"a.b.c": 1}, {"": 1}, {"a": {"": 1}},
        {"a.": 1}, {"a": {"": 1}}, {"": {"a": 1}}, {".a": 1}, {"a..b": 1}, {"a": {"": {"b": 1}}}, {"a.b": 2},
        {"a": {"b": 2, "c": 3}}, {"a.b": 2, "a": {"c": 3}}, {"a.b": 1, "a": {"c": 3}}, {"a": {"b": [1, 2]}},
        {"a": [{"b": 1}, {"b": 2}]}, {"é": 1}, {"e\u0301": 1}, {"A": 1}, {"a b": 1}, {"日": {"本": 1}}, {"日.本": 1},
        {"a": [1, {"b": 2}]}, {"a": [[1], {"b": 2}]}, {"a": [[1, {"b": 2}]]}, {"a": [{"b": 1}, {"b.c": 2}]},
        {"a": [{"b": 1, "b.c": 2}]}, {"a": [{"b": [1, {"c": 2}]}]}, {"b": 1}, {"a.b": [2, 1], "a": [{"b": 1}, {"c": 3}]},
    ]  # fmt: skip
    return "paths", [json.dumps(one) for one in patterns], [json.dumps(one) for one in events]


def lists_of_objects() -> Group:
    """Fields within one element of a list, and their absence."""
    gone = {"exists": False}
    patterns: list[Any] = [
        {"a": {"x": [1], "y": [2]}}, {"a": {"x": [1], "y": [gone]}}, {"a": {"y": [2], "x": [gone]}},
        {"a": {"x": [gone], "y": [gone]}}, {"a": {"x": [1], "y": [gone], "z": [3]}},
        {"a": {"x": [gone], "y": [2], "z": [gone]}}, {"a": {"x": [1, gone], "y": [2]}},
        {"a": {"x": [1], "y": [2, gone]}}, {"a": {"x": [1, gone], "y": [2, gone]}}, {"a": {"z": [gone]}},
        {"a": {"x": [1], "b": {"y": [2]}}}, {"a": {"x": [1], "b": {"y": [gone]}}},
        {"a": {"x": [gone], "b": {"y": [2]}}}, {"a": {"b": {"y": [2], "z": [gone]}}},
        {"a": {"b": {"x": [gone], "y": [2]}}}, {"a": {"b": {"y": [2], "z": [3]}, "x": [1]}},
        {"a": {"x": [1]}, "c": {"x": [1]}}, {"a": {"x": [1]}, "c": {"x": [gone]}}, {"a": {"x": [gone]}, "c": {"x": [1]}},
        {"a": {"x": [1], "y": [2]}, "c": {"x": [1], "y": [gone]}}, {"a": {"x": [{"anything-but": 1}], "y": [gone]}},
        {"a": {"x": [{"exists": True}], "y": [gone]}}, {"a": {"x": [1], "y": [gone, {"anything-but": 2}]}},
        {"a": {"b": {"x": [gone]}, "c": {"x": [1]}}}, {"a": {"b": {"x": [1]}, "c": {"x": [gone]}}},
        {"a": [1], "b": [gone]}, {"a": {"x": [1, 2], "y": [gone], "z": [3, gone]}},
    ]  # fmt: skip
    elements = [
        {},
        {"x": 1},
        {"y": 2},
        {"x": 1, "y": 2},
        {"x": 1, "z": 3},
        {"x": 2, "y": 2},
        {"z": 3},
    ]
    events: list[Any] = [{"a": list(pair)} for pair in itertools.combinations(elements, 2)]
    events += [{"a": one} for one in elements] + [{"a": []}, {"a": [[]]}, {"a": [1, {"x": 1}]}]
    inner = [
        {"x": 1, "b": [{"y": 2}, {"y": 2, "z": 3}]},
        {"x": 1, "b": [{"y": 2}, {"z": 3}]},
        {"b": {"y": 2}},
    ]
    inner += [
        {"x": 1},
        {"b": [{"x": 1}]},
        {"b": []},
        {"x": 1, "b": [{"x": 2, "y": 2}]},
        {"c": [{"x": 1}]},
    ]
    events += [{"a": one} for one in inner] + [
        {"a": list(pair)} for pair in itertools.combinations(inner, 2)
    ]
    events += [{"a": [[one], elements[3]]} for one in elements] + [
        {"a": [elements[1:3], [elements[4]]]}
    ]
    events += [
        {"a": [{"x": 1}], "c": [{"x": 1}, {"y": 2}]},
        {"a": [{"y": 2}], "c": [{"x": 1}, {"x": 1, "y": 2}]},
    ]
    events += [{"c": {"x": 1}}, {"a": [{"x": 1, "y": 2}, {}], "c": [{"y": 1}]}]
    return (
        "lists of objects",
        [json.dumps(one) for one in patterns],
        [json.dumps(one) for one in events],
    )


def branches() -> Group:
    """$or, alone, nested, beside fields, and with absence."""
    gone = {"exists": False}
    patterns: list[Any] = [
        {"$or": [{"a": [1]}, {"b": [1]}]}, {"c": [1], "$or": [{"a": [1]}, {"b": [1]}]},
        {"$or": [{"a": [1]}, {"b": [1]}], "c": [1]}, {"$or": [{"a": [1], "b": [1]}, {"c": [gone]}]},
        {"$or": [{"a": [1]}, {"b": [1], "$or": [{"c": [1]}, {"d": [1]}]}]},
        {"d": {"$or": [{"a": [1]}, {"b": [2]}]}}, {"d": {"$or": [{"a": [1]}, {"b": [gone]}], "c": [1]}},
        {"$or": [{"d": {"a": [1]}}, {"d": {"b": [2], "c": [1]}}]}, {"$or": [{"a": [1]}, {"a": [2]}]},
        {"a": [3], "$or": [{"a": [1]}, {"b": [1]}]}, {"$or": [{"a": [1]}, {"b": [1]}], "a": [3]},
        {"$or": [{"a": [gone]}, {"a": [2], "b": [gone]}]}, {"$or": [{"a": [1]}, {"b": [1]}, {"c": [1]}, {"d": [1]}]},
        {"$or": [{"a": [1]}, {"b": [1]}], "e": {"$or": [{"a": [1]}, {"b": [1]}]}},
        {"$or": [{"d": {"a": [1], "b": [gone]}}, {"a": [{"anything-but": 1}]}]},
        {"$or": [{"d.a": [1]}, {"d": {"b": [{"numeric": [">", 1]}]}}]},
        {"$or": [{"prefix": [1]}, {"b": [1]}]}, {"$or": [{"not-wildcard": [1]}, {"b": [1]}]},
        {"$or": [{"date-after": [1]}, {"b": [1]}]}, {"$or": [{"a": {"regex": [1]}}, {"b": [1]}]},
        {"$or": [{"a": {"=": [1]}}, {"b": [1]}]}, {"$or": [{"ip-address-in-range": [1]}, {"b": [1]}]},
        {"$or": []}, {"$or": [{"a": [1]}]}, {"$or": [1, 2]}, {"$or": {"a": [1]}}, {"$or": "x"}, {"$or": [{}, {}]},
        {"$or": [[{"a": [1]}], {"b": [1]}]}, {"a": {"$or": [{"b": [1]}, {"b": [2]}]}}, {"prefix": [1]},
        {"numeric": {"regex": [1]}},
    ]  # fmt: skip
    few = [
        {"a": 1},
        {"b": 1},
        {"c": 1},
        {"a": 2},
        {"a": 3, "b": 1},
        {"d": 1, "b": 1},
        {"prefix": 1},
        {},
    ]
    events: list[Any] = few + [{**one, "c": 1} for one in few] + [{"d": one} for one in few]
    events += [
        {"d": [{"a": 1}, {"b": 2}]},
        {"d": {"b": 2, "c": 1}},
        {"d": [{"b": 2}, {"c": 1}]},
        {"a": {"b": 1}},
    ]
    events += [
        {"a": 1, "e": {"b": 1}},
        {"b": 1, "e": [{"a": 2}]},
        {"$or": 1},
        {"numeric": {"regex": 1}},
    ]
    return "branches", [json.dumps(one) for one in patterns], [json.dumps(one) for one in events]


LEAVES: list[Any] = [None, True, 0, 1, 2, -1.5, "", "a", "ab", "1"]
RULES: list[Any] = [
    *LEAVES, {"exists": True}, {"exists": False}, {"anything-but": "a"}, {"anything-but": [1, 2]},
    {"prefix": "a"}, {"suffix": "b"}, {"numeric": [">", 0]}, {"numeric": [">=", 0, "<", 2]},
    {"equals-ignore-case": "AB"}, {"wildcard": "a*"}, {"anything-but": {"prefix": "a"}},
]  # fmt: skip
KEYS = ["a", "b", "c", "a.b"]


def at_random(seed: int) -> Group:
    """Patterns of up to four fields, with $or, against values with lists in lists."""
    source = random.Random(f"ruler/{seed}")

    def value(depth: int) -> object:
        kind = source.random()
        if depth and kind < 0.35:
            return [value(depth - 1) for _ in range(source.randint(0, 3))]
        if depth and kind < 0.75:
            keys = source.sample(KEYS, source.randint(0, 3))
            return {key: value(depth - 1) for key in keys}
        return source.choice(LEAVES)

    def pattern(depth: int) -> dict[str, object]:
        fields: dict[str, object] = {}
        for key in source.sample(KEYS, source.randint(1, 2)):
            if depth and source.random() < 0.55:
                fields[key] = pattern(depth - 1)
            else:
                fields[key] = source.sample(RULES, source.randint(1, 2))
        if source.random() < 0.12:
            fields["$or"] = [pattern(0), pattern(depth and depth - 1)]
        return fields

    patterns = [json.dumps(pattern(2)) for _ in range(60)]
    events = [json.dumps({key: value(3) for key in ("a", "b", "c")}) for _ in range(40)]
    return f"at random {seed}", patterns, events


def refused() -> Group:
    """Patterns that are none."""
    texts = [
        "", "{", "[]", "null", "1", '"a"', "{}", '{"a": {}}', '{"a": []}', '{"a": 1}', '{"a": "x"}', '{"a": null}',
        '{"a": true}', '{"a": [[]]}', '{"a": [["x"]]}', '{"a": [{}]}', '{"a": [{"prefix": "x", "suffix": "y"}]}',
        '{"a": [{"EXISTS": true}]}', '{"a": [{"exists": "yes"}]}', '{"a": [{"exists": null}]}', '{"a": [{"exists": 1}]}',
        '{"a": [{"prefix": 1}]}', '{"a": [{"prefix": ["x"]}]}', '{"a": [{"prefix": {"suffix": "x"}}]}',
        '{"a": [{"suffix": {"equals-ignore-case": 1}}]}', '{"a": [{"prefix": {}}]}', '{"a": [{"exactly": 1}]}',
        '{"a": [{"equals-ignore-case": ["x"]}]}', '{"a": [{"anything-but": null}]}', '{"a": [{"anything-but": true}]}',
        '{"a": [{"anything-but": ["x", null]}]}', '{"a": [{"anything-but": ["x", 1]}]}', '{"a": [{"anything-but": []}]}',
        '{"a": [{"anything-but": {}}]}', '{"a": [{"anything-but": {"exists": true}}]}', '{"a": [{"anything-but": ""}]}',
        '{"a": [{"anything-but": {"prefix": ""}}]}', '{"a": [{"anything-but": {"suffix": ["x", ""]}}]}',
        '{"a": [{"anything-but": {"prefix": []}}]}', '{"a": [{"anything-but": {"prefix": 1}}]}',
        '{"a": [{"anything-but": {"equals-ignore-case": ""}}]}', '{"a": [{"anything-but": {"equals-ignore-case": []}}]}',
        '{"a": [{"anything-but": {"wildcard": []}}]}', '{"a": [{"anything-but": {"numeric": [">", 1]}}]}',
        '{"a": [{"anything-but": {"prefix": "x", "suffix": "y"}}]}', '{"a": [{"anything-but": [[1]]}]}',
        '{"a": [{"numeric": []}]}', '{"a": [{"numeric": [">"]}]}', '{"a": [{"numeric": [">", "1"]}]}',
        '{"a": [{"numeric": [1, ">"]}]}', '{"a": [{"numeric": ["=", 1, "=", 1]}]}', '{"a": [{"numeric": ["<", 1, ">", 0]}]}',
        '{"a": [{"numeric": [">", 0, ">", 1]}]}', '{"a": [{"numeric": [">", 0, "<"]}]}', '{"a": [{"numeric": ["!=", 0]}]}',
        '{"a": [{"numeric": [">", 0, "<", 1, 2]}]}', '{"a": [{"numeric": ">"}]}', '{"a": [{"numeric": [">", null]}]}',
        '{"a": [{"numeric": ["==", 1]}]}', '{"a": [{"numeric": [">", 0, 1, 2]}]}', '{"a": [{"numeric": [">", true]}]}',
        '{"a": [{"cidr": 1}]}', '{"a": [{"wildcard": 1}]}', '{"a": [{"wildcard": ["x"]}]}', '{"a": [NaN]}',
        '{"a": [{"regex": "x"}]}', '{"a": [{"not-wildcard": "x"}]}', '{"a": [1], "a": {}}', '{"a": [01]}', '{"a": [+1]}',
        '{"a": [1.]}', '{"a": [.5]}', "{'a': [1]}", '{"a": ["x",]}', '{"a": [1]} x', '{"a": [1]}{"b": [1]}', '{"a": [tru]}',
        '{"a": [{"numeric": [">", 1e400]}]}', '{"a": [{"numeric": ["=", 0.1000000000000000055511151231257827]}]}',
        '{"a": [{"anything-but": 1e400}]}', '{"a": [1], "a": [2]}', '\ufeff{"a": [1]}', ' \n{"a": [1]}\n',
        '{"a": ["\\ud800"]}', '{"a": [{"cidr": ["10.0.0.0/8"]}]}', '{"a": [{"cidr": null}]}',
    ]  # fmt: skip
    events = ['{"a": 1}', '{"a": 2}', '{"a": "x"}', "{}"]
    return "refused", texts, events


def leaf(rule: str) -> str:
    """The pattern with one rule on `a`."""
    return f'{{"a": [{rule}]}}'


def event(value: str) -> str:
    """The event whose `a` is this value."""
    return f'{{"a": {value}}}'
