import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.filters.compiler import compile_pattern
from kinesis_cli.event_source_mapping.filters.criteria import compile_filters
from kinesis_cli.stream.record import Record

Json = dict[str, Any]

CASES: list[Json] = json.loads((Path(__file__).parents[1] / "data" / "esm_cases.json").read_text())


def cases(kind: str) -> list[Any]:
    chosen = [
        case
        for case in CASES
        if case["kind"] == kind and (kind == "pattern" or "FilterCriteria" in case["esm"])
    ]
    assert chosen
    return [pytest.param(case, id=case["name"]) for case in chosen]


def patterns_of(case: Json) -> list[str]:
    return [one["Pattern"] for one in case["esm"]["FilterCriteria"]["Filters"]]


def record(data: str | bytes, partition_key: str = "sensor-1") -> Record:
    payload = data.encode() if isinstance(data, str) else data
    members = {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": partition_key,
            "sequenceNumber": "49590338271490256608559692538361571095921575989136588898",
            "data": base64.b64encode(payload).decode(),
            "approximateArrivalTimestamp": 1545084650.987,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": "shardId-000000000000:4959",
        "awsRegion": "us-east-2",
    }
    return Record("shardId-000000000000", "4959", partition_key, 0.0, json.dumps(members).encode())


# --- What AWS recorded ------------------------------------------------------------------------


def matches_pattern(pattern: object, value: object) -> bool:
    return compile_pattern(pattern).matches(value)


@pytest.mark.parametrize("case", cases("pattern"))
def test_a_pattern_matches_as_eventbridge_recorded(case: Json) -> None:
    assert matches_pattern(case["pattern"], case["value"]) is case["expect"]["match"]


@pytest.mark.parametrize("case", cases("delivery"))
def test_filters_let_through_what_aws_delivered(case: Json) -> None:
    filters = compile_filters(patterns_of(case))
    delivered = [
        index
        for index, sent in enumerate(case["records"])
        if filters.matches(record(sent["data"], sent["pk"]))
    ]
    assert delivered == sorted({i for batch in case["expect"]["invocations"] for i in batch})


@pytest.mark.parametrize("case", cases("create"))
def test_a_pattern_that_aws_refuses_is_refused_with_its_message(case: Json) -> None:
    with pytest.raises(InputError) as refused:
        compile_filters(patterns_of(case))
    assert case["expect"]["message"] in refused.value.problem
    assert refused.value.place.startswith("filter 1")


# --- Operators --------------------------------------------------------------------------------

# pattern, values that match, values that do not. Mostly from the event pattern templates that
# LocalStack validated on AWS (tests/aws/services/events/event_pattern_templates) and the README of
# aws/event-ruler.
OPERATORS = [
    ({"a": [None]}, [{"a": None}, {"a": [1, None]}], [{"a": "null"}, {}, {"a": []}, {"a": 0}]),
    ({"a": [""]}, [{"a": ""}], [{"a": " "}, {"a": None}, {}]),
    ({"a": ["x", "y"]}, [{"a": "x"}, {"a": ["z", "y"]}], [{"a": "X"}, {"a": ["z"]}, {"a": {}}]),
    ({"a": [1]}, [{"a": 1}, {"a": 1.0}, {"a": [2, 1]}], [{"a": "1"}, {"a": True}, {"a": 1.5}]),
    ({"a": [True]}, [{"a": True}], [{"a": 1}, {"a": "true"}, {"a": False}]),
    ({"a": [False]}, [{"a": False}], [{"a": 0}, {"a": None}, {"a": []}]),
    ({"a": [111122223333]}, [{"a": 111122223333}], [{"a": 111122223334}, {"a": "111122223333"}]),
    ({"a": [0.1]}, [{"a": 0.1}, {"a": 0.10}], [{"a": 0.100002}, {"a": 0.1000000001}]),
    ({"a": ["x"], "b": ["y"]}, [{"a": "x", "b": "y", "c": 1}], [{"a": "x"}, {"a": "x", "b": "x"}]),
    ({"a": {"b": {"c": ["x"]}}}, [{"a": {"b": {"c": "x"}}}], [{"a": {"b": "x"}}, {"c": "x"}]),
    ({"a": [{"exactly": "x"}]}, [{"a": "x"}], [{"a": "xx"}, {"a": "X"}]),
    ({"a": [{"prefix": "us-"}]}, [{"a": "us-east-1"}], [{"a": "eu-us-"}, {"a": 7}, {"a": None}]),
    ({"a": [{"prefix": ""}]}, [{"a": "x"}, {"a": ""}], [{"a": 7}, {}]),
    ({"a": [{"suffix": ".png"}]}, [{"a": "x.png"}], [{"a": "x.PNG"}, {"a": ".png.txt"}]),
    (
        {"a": [{"prefix": {"equals-ignore-case": "EventB"}}]},
        [{"a": "eventbridge"}],
        [{"a": "xeventb"}, {"a": 1}],
    ),
    ({"a": [{"suffix": {"equals-ignore-case": "PNG"}}]}, [{"a": "x.png"}], [{"a": "png.x"}]),
    ({"a": [{"equals-ignore-case": "alice"}]}, [{"a": "ALICE"}], [{"a": "alic"}, {"a": None}]),
    ({"a": [{"equals-ignore-case": ""}]}, [{"a": ""}], [{"a": "x"}]),
    (
        {"a": [{"wildcard": "arn:*:events:*:bus/*"}]},
        [{"a": "arn:aws:events:us:bus/x"}, {"a": "arn::events::bus/"}],
        [{"a": "arn:aws:events:us:bus"}, {"a": "xarn:aws:events:us:bus/x"}, {"a": 1}],
    ),
    ({"a": [{"wildcard": "*"}]}, [{"a": ""}, {"a": "x\ny"}], [{"a": None}]),
    ({"a": [{"wildcard": "x"}]}, [{"a": "x"}], [{"a": "xx"}]),
    ({"a": [{"wildcard": "ab*ba"}]}, [{"a": "abba"}, {"a": "ab-ba"}], [{"a": "aba"}]),
    ({"a": [{"wildcard": "*ab*ab"}]}, [{"a": "abab"}], [{"a": "ab"}, {"a": "abb"}]),
    (
        {"a": [{"wildcard": r"1\*2\\*"}]},
        [{"a": "1*2\\"}, {"a": "1*2\\x"}],
        [{"a": "1x2\\"}, {"a": "1*2"}],
    ),
    ({"a": [{"wildcard": r"\**"}]}, [{"a": "*"}, {"a": "*x"}], [{"a": "x"}, {"a": ""}]),
    (
        {"a": [{"anything-but": "x"}]},
        [{"a": "y"}, {"a": None}, {"a": 1}, {"a": ["x", "y"]}, {"a": ""}],
        [{"a": "x"}, {"a": ["x"]}, {}, {"a": []}, {"a": {"b": 1}}],
    ),
    ({"a": [{"anything-but": ["x", "y"]}]}, [{"a": "z"}], [{"a": "x"}, {"a": "y"}]),
    ({"a": [{"anything-but": 0}]}, [{"a": 789}, {"a": "0"}], [{"a": 0}, {"a": 0.0}]),
    ({"a": [{"anything-but": [1, 2]}]}, [{"a": 3}, {"a": True}], [{"a": 2.0}, {"a": [1, 2]}]),
    ({"a": [{"anything-but": {"prefix": "in"}}]}, [{"a": "x"}, {"a": 12}], [{"a": "init"}, {}]),
    (
        {"a": [{"anything-but": {"suffix": [".png", ".gif"]}}]},
        [{"a": "x.txt"}, {"a": None}],
        [{"a": "x.gif"}, {}],
    ),
    (
        {"a": [{"anything-but": {"equals-ignore-case": "init"}}]},
        [{"a": "x"}, {"a": None}],
        [{"a": "INIT"}, {}],
    ),
    (
        {"a": [{"anything-but": {"wildcard": ["*/dir/*", "*/lib/*"]}}]},
        [{"a": "dir"}, {"a": 123}],
        [{"a": "x/lib/y"}],
    ),
    ({"a": [{"anything-but": {"wildcard": ""}}]}, [{"a": "x"}], [{"a": ""}]),
    ({"a": [{"numeric": ["=", 301.8]}]}, [{"a": 301.8}, {"a": 3.018e2}], [{"a": "301.8"}, {}]),
    ({"a": [{"numeric": ["<", 10]}]}, [{"a": 9.9}, {"a": -1}], [{"a": 10}, {"a": None}]),
    ({"a": [{"numeric": ["<=", 10]}]}, [{"a": 10}, {"a": 10.0}], [{"a": 10.000001}]),
    ({"a": [{"numeric": [">", 0, "<=", 5]}]}, [{"a": 5}, {"a": [9, 1]}], [{"a": 0}, {"a": True}]),
    ({"a": [{"numeric": [">=", 0, "<", 5]}]}, [{"a": 0}], [{"a": 5}, {"a": -0.1}, {"a": [[]]}]),
    ({"a": [{"numeric": [">", 0]}]}, [{"a": 5e9}, {"a": 5_000_000_001}], [{"a": 1e400}]),
    (
        {"a": [{"numeric": [">", 1545084650987]}]},
        [{"a": 1545084650988}, {"a": 1.545084650988e12}],
        [{"a": 1545084650987}],
    ),
    ({"a": [{"exists": True}]}, [{"a": None}, {"a": [0]}], [{}, {"a": []}, {"a": {"b": 1}}]),
    ({"a": [{"exists": False}]}, [{}, {"a": []}, {"a": {"b": 1}}], [{"a": None}, {"a": [[1]]}]),
    ({"a": {"b": [{"exists": False}]}}, [{}, {"a": "x"}, {"a": {}}], [{"a": [{}, {"b": 1}]}]),
    ({"a": {"b": [{"exists": True}]}}, [{"a": [{"c": 1}, {"b": 2}]}], [{"a": [{"c": 1}]}]),
    (
        {"a": {"b": [{"anything-but": ["x"]}, {"exists": False}]}},
        [{"a": {"b": "y"}}, {"a": {"c": 1}}, {}],
        [{"a": {"b": "x"}}],
    ),
    ({"a": [{"exists": True}, {"prefix": "unused"}]}, [{"a": "x"}], [{}]),
    ({"a": [{"cidr": "10.0.0.0/24"}]}, [{"a": "10.0.0.255"}], [{"a": "10.0.1.0"}, {"a": 123}]),
    ({"a": [{"cidr": "2001:db8::/32"}]}, [{"a": "2001:db8:1::"}], [{"a": "10.0.0.1"}, {"a": "x"}]),
    ({"a": {"b": ["{}"]}}, [{"a": {"b": "{}"}}], [{"a": '{"b": "{}"}'}]),
    # dots join keys
    ({"a": {"b.c": [1]}}, [{"a": {"b": {"c": 1}}}, {"a.b": {"c": 1}}, {"a.b.c": 1}], [{"b.c": 1}]),
    ({"a.b": [1]}, [{"a": {"b": 1}}, {"a.b": 1, "a": {"b": 2}}], [{"a": 1}]),
    ({"a.b": [2], "a.c": [3]}, [{"a.b": 1, "a": {"b": 2, "c": 3}}], [{"a.b": 2}]),
    # $or
    (
        {"s": ["x"], "$or": [{"m": [1]}, {"n": [{"prefix": "p"}], "o": [2]}]},
        [{"s": "x", "m": 1}, {"s": "x", "n": "pq", "o": 2}],
        [{"s": "x"}, {"m": 1}, {"s": "x", "n": "pq"}],
    ),
    (
        {"d": {"$or": [{"a": [1]}, {"b": [2], "$or": [{"c": [3]}, {"e": [4]}]}]}},
        [{"d": {"a": 1}}, {"d": {"b": 2, "e": 4}}],
        [{"d": {"b": 2}}, {"a": 1}],
    ),
    # lists of objects: all fields within one element
    (
        {"people": {"first": ["Anna"], "last": ["Smith"]}},
        [
            {"people": [{"first": "Jo", "last": "Doe"}, {"first": "Anna", "last": "Smith"}]},
            {"people": [[{"first": "Anna", "last": "Smith"}], []]},
        ],
        [
            {"people": [{"first": "Anna", "last": "Doe"}, {"first": "Jo", "last": "Smith"}]},
            {"people": [[{"first": "Anna"}], [{"last": "Smith"}]]},
        ],
    ),
    (
        {"a": {"x": [1], "b": {"y": [2], "z": [3]}}},
        [{"a": [{"x": 1, "b": [{"y": 2}, {"y": 2, "z": 3}]}]}],
        [{"a": [{"x": 1, "b": [{"y": 2}, {"z": 3}]}]}, {"a": [{"x": 1}, {"b": {"y": 2, "z": 3}}]}],
    ),
    ({"a": {"x": [1]}, "b": {"y": [2]}}, [{"a": [{}, {"x": 1}], "b": [{"y": 2}]}], [{"a": []}]),
    ({"a": {"x": [1], "y": [{"exists": False}]}}, [{"a": [{"x": 1}]}], [{"a": [{"x": 1, "y": 2}]}]),
]


@pytest.mark.parametrize(
    ("pattern", "matching", "others"), OPERATORS, ids=[json.dumps(row[0]) for row in OPERATORS]
)
def test_a_pattern_matches_these_values_and_not_those(
    pattern: Json, matching: list[Json], others: list[Json]
) -> None:
    assert [value for value in matching if not compile_pattern(pattern).matches(value)] == []
    assert [value for value in others if compile_pattern(pattern).matches(value)] == []


INVALID = [
    ("null", "a JSON object"),
    ("simple string", "not JSON"),
    ("", "not JSON"),
    ('{"data": {"a": [NaN]}}', "not JSON"),
    ('["data"]', "a JSON object"),
    ("{}", "Empty objects"),
    ('{"data": {}}', "Empty objects"),
    ('{"data": {"a": []}}', "Empty lists"),
    ('{"data": {"a": 42}}', "42 must be an object or a list"),
    ('{"data": {"a": [["x"]]}}', "must not hold a list"),
    ('{"data": ["text"]}', "pattern for data must be a JSON object"),
    ('{"data": "text"}', "must be an object or a list"),
    ('{"data": {"a": [{}]}}', "one operator"),
    ('{"data": {"a": [{"prefix": "x", "suffix": "y"}]}}', "one operator"),
    ('{"data": {"a": [{"EXISTS": true}]}}', "Unrecognized match type EXISTS"),
    ('{"data": {"a": [{"exists": "yes"}]}}', "true or false"),
    ('{"data": {"a": [{"prefix": 123}]}}', "prefix match pattern must be a string"),
    ('{"data": {"a": [{"prefix": ["x"]}]}}', "prefix match pattern must be a string"),
    ('{"data": {"a": [{"prefix": {"suffix": "x"}}]}}', "equals-ignore-case"),
    ('{"data": {"a": [{"suffix": {"equals-ignore-case": 1}}]}}', "must be a string"),
    ('{"data": {"a": [{"equals-ignore-case": ["x"]}]}}', "must be a string"),
    ('{"data": {"a": [{"anything-but": null}]}}', "anything-but takes"),
    ('{"data": {"a": [{"anything-but": ["x", null]}]}}', "anything-but takes"),
    ('{"data": {"a": [{"anything-but": ["x", 1]}]}}', "anything-but takes"),
    ('{"data": {"a": [{"anything-but": []}]}}', "anything-but takes"),
    ('{"data": {"a": [{"anything-but": true}]}}', "anything-but takes"),
    ('{"data": {"a": [{"anything-but": {"prefix": ""}}]}}', "empty prefix"),
    ('{"data": {"a": [{"anything-but": {"suffix": ["x", ""]}}]}}', "empty suffix"),
    ('{"data": {"a": [{"anything-but": {"prefix": []}}]}}', "empty prefix"),
    ('{"data": {"a": [{"anything-but": {"prefix": 1}}]}}', "must be a string"),
    ('{"data": {"a": [{"anything-but": {"wildcard": [1]}}]}}', "must be a string"),
    ('{"data": {"a": [{"anything-but": {"numeric": ["=", 1]}}]}}', "Unsupported anything-but"),
    ('{"data": {"a": [{"anything-but": {}}]}}', "Unsupported anything-but"),
    ('{"data": {"a": [{"numeric": 5}]}}', "numeric takes a list"),
    ('{"data": {"a": [{"numeric": []}]}}', "numeric takes a list"),
    ('{"data": {"a": [{"numeric": [">", 0, "<"]}]}}', "numeric takes a list"),
    ('{"data": {"a": [{"numeric": [">", "0"]}]}}', "Value of > must be numeric"),
    ('{"data": {"a": [{"numeric": [">", true]}]}}', "Value of > must be numeric"),
    ('{"data": {"a": [{"numeric": ["!=", 0]}]}}', "Unrecognized numeric range operator: !="),
    ('{"data": {"a": [{"numeric": [1, 0]}]}}', "Unrecognized numeric range operator: 1"),
    ('{"data": {"a": [{"numeric": [">", 0, ">", 0]}]}}', "Bad numeric range operator: >"),
    ('{"data": {"a": [{"numeric": ["<", 5, ">", 0]}]}}', "Too many elements"),
    ('{"data": {"a": [{"numeric": [">", 1e400]}]}}', "Cannot compare number: 1e400"),
    ('{"data": {"a": [{"numeric": [">", 5, "<", 5]}]}}', "Bottom must be less than top"),
    ('{"data": {"a": [{"numeric": [">=", 1, "<=", 0.5]}]}}', "Bottom must be less than top"),
    ('{"data": {"a": [{"wildcard": 1}]}}', "must be a string"),
    ('{"data": {"a": [{"wildcard": "a**b"}]}}', "Consecutive wildcard characters at pos 2"),
    (r'{"data": {"a": [{"wildcard": "a\\b"}]}}', "Invalid escape character at pos 2"),
    (r'{"data": {"a": [{"wildcard": "a\\"}]}}', "Invalid escape character at pos 2"),
    ('{"data": {"a": [{"cidr": "10.0.0.0"}]}}', "Malformed CIDR, one '/' required"),
    ('{"data": {"a": [{"cidr": "10.0.0.0/32"}]}}', "IPv4 mask bits must be < 32"),
    ('{"data": {"a": [{"cidr": "2001:db8::/128"}]}}', "IPv6 mask bits must be < 128"),
    ('{"data": {"a": [{"wildcard": "*a*a*a*a*a*a*"}]}}', "Rule is too complex"),
    ('{"data": {"a": [{"cidr": "10.0.0.0/xx"}]}}', "Malformed CIDR"),
    ('{"data": {"a": [{"cidr": ["10.0.0.0/8"]}]}}', "cidr takes"),
    ('{"$or": {"data": {"a": [1]}}}', "$or must be a list of at least two"),
    ('{"$or": [{"data": {"a": [1]}}]}', "$or must be a list of at least two"),
    ('{"$or": [1, 2]}', "must be an object"),
    ('{"data": {"$or": [{"numeric": [1]}, {"a": [1]}]}}', "not a field name inside $or"),
]


@pytest.mark.parametrize(("pattern", "why"), INVALID, ids=[text for text, _ in INVALID])
def test_an_invalid_pattern_is_refused_with_the_reason(pattern: str, why: str) -> None:
    with pytest.raises(InputError) as refused:
        compile_filters([pattern])
    assert refused.value.problem.startswith("Invalid filter pattern definition. ")
    assert why in refused.value.problem


def test_an_error_names_the_filter_and_the_path_and_says_what_to_write() -> None:
    with pytest.raises(InputError) as refused:
        compile_filters(['{"data": {"a": [1]}}', '{"data": {"room": {"name": "hall"}}}'])
    assert refused.value.place == "filter 2, data.room.name"
    assert refused.value.advice == 'Write "name": ["hall"].'


def test_an_empty_list_is_refused_with_what_writes_it() -> None:
    with pytest.raises(InputError) as refused:
        compile_filters(['{"data": {"a": []}}'])
    assert refused.value.advice == (
        "For null write [null]; FilterRule.null() of the CDK writes [], which AWS refuses."
    )


def test_a_network_of_one_address_is_refused_with_what_means_it() -> None:
    with pytest.raises(InputError) as refused:
        compile_filters(['{"data": {"a": [{"cidr": "10.0.0.7/32"}]}}'])
    assert refused.value.advice == 'For one address write ["10.0.0.7"].'
    assert matches_pattern({"a": ["10.0.0.7"]}, {"a": "10.0.0.7"})


@pytest.mark.parametrize(
    ("rule", "warns"),
    [
        ('{"numeric": [">", 1545084650987]}', True),
        ('{"numeric": [">", 0.1234567]}', True),
        ('{"numeric": [">=", 0, "<", 5000000001]}', True),
        ('{"anything-but": [1, -5000000001]}', True),
        ('{"numeric": ["<", 5000000000]}', False),
        ('{"numeric": [">", 0.123456]}', False),
        ("1545084650987", False),
    ],
)
def test_numbers_that_an_older_matcher_refuses_are_warned_of_once_for_a_filter(
    rule: str, warns: bool
) -> None:
    filters = compile_filters([f'{{"data": {{"a": [{rule}, {rule}], "b": [{rule}]}}}}'])
    warning = (
        "filter 1 compares numbers beyond 5.0e9 or six decimals: AWS's matcher does since 2024, "
        "an older one refuses the filter"
    )
    assert filters.warnings == ((warning,) if warns else ())


def test_a_records_epoch_milliseconds_are_compared() -> None:
    filters = compile_filters(['{"data": {"at": [{"numeric": [">=", 1545084650987]}]}}'])
    assert filters.matches(record('{"at": 1545084650987}'))
    assert filters.matches(record('{"at": 1.545084650988e12}'))
    assert not filters.matches(record('{"at": 1545084650986.9}'))
    assert not filters.matches(record('{"at": 1e400}'))


def test_a_number_of_more_digits_than_a_double_holds_equals_its_own_text_only() -> None:
    filters = compile_filters(['{"data": {"id": [12345678901234567891, 0.10000000000000000001]}}'])
    assert filters.matches(record('{"id": 12345678901234567891}'))
    assert filters.matches(record('{"id": 0.10000000000000000001}'))
    for other in ("12345678901234567892", "12345678901234567891.0", "0.1"):
        assert not filters.matches(record(f'{{"id": {other}}}'))


def test_a_member_that_a_pattern_names_twice_is_looked_at_each_time() -> None:
    with pytest.raises(InputError, match="Empty objects"):
        compile_filters(['{"data": {"a": {}, "a": [1]}}'])
    with pytest.raises(InputError, match="one operator"):
        compile_filters(['{"data": {"a": [{"prefix": "x", "prefix": "y"}]}}'])


def test_a_pattern_whose_branches_multiply_without_end_is_refused() -> None:
    branches = ", ".join(f'"{n}": {{"$or": [{{"a": [1]}}, {{"b": [1]}}]}}' for n in range(90))
    with pytest.raises(InputError, match="more than 1000 combinations"):
        compile_filters(["{" + branches + "}"])


@pytest.mark.slow
def test_the_deepest_pattern_that_fits_is_judged() -> None:
    pattern = '{"data":' + '{"a":' * 675 + '["x"]' + "}" * 676
    filters = compile_filters([pattern])
    assert filters.matches(record('{"a":' * 675 + '"x"' + "}" * 675))
    assert not filters.matches(record('{"a":' * 675 + '"y"' + "}" * 675))


def test_ten_filters_of_4096_characters_are_allowed_and_no_more() -> None:
    longest = '{"data": {"a": ["' + "x" * (4096 - 21) + '"]}}'
    assert len(longest) == 4096
    assert "quota" in compile_filters([longest] * 10).warnings[0]
    assert compile_filters([longest] * 5).warnings == ()
    with pytest.raises(InputError, match="11 filters"):
        compile_filters([longest] * 11)
    with pytest.raises(InputError, match="filter 1: the pattern has 4097 characters"):
        compile_filters([longest.replace('"a"', '"ab"')])


# --- Records ----------------------------------------------------------------------------------


@pytest.mark.parametrize("data", ["plain text", "", "NaN", "{} x", b"\xff", b"\xef\xbb\xbf{}"])
def test_data_that_is_not_json_fails_each_filter_on_data_and_no_other(data: str | bytes) -> None:
    on_data, on_both, on_key = (
        '{"data": {"a": [{"exists": false}]}}',
        '{"$or": [{"partitionKey": ["sensor-1"]}, {"data": {"a": [1]}}]}',
        '{"partitionKey": ["sensor-1"]}',
    )
    assert not compile_filters([on_data]).matches(record(data))
    assert not compile_filters([on_both]).matches(record(data))
    assert compile_filters([on_key]).matches(record(data))
    assert compile_filters([on_data, on_key]).matches(record(data))


def test_a_record_without_readable_base64_fails_each_filter_on_data() -> None:
    broken = Record("s", "1", "k", 0.0, b'{"kinesis": {"data": "%%%"}}')
    assert not compile_filters(['{"data": {"a": [{"exists": false}]}}']).matches(broken)


@pytest.mark.parametrize("data", ["7", '"text"', "null", "[]", '[{"b": 1}]'])
def test_json_data_need_not_be_an_object(data: str) -> None:
    assert compile_filters(['{"data": {"a": [{"exists": false}]}}']).matches(record(data))


def test_a_list_as_data_is_searched_element_by_element() -> None:
    filters = compile_filters(['{"data": {"a": [1], "b": [2]}}'])
    assert filters.matches(record('[{"a": 0}, {"a": 1, "b": 2}]'))
    assert not filters.matches(record('[{"a": 1}, {"b": 2}]'))


def test_the_last_of_repeated_keys_in_data_counts() -> None:
    filters = compile_filters(['{"data": {"a": [2]}}'])
    assert filters.matches(record('{"a": 1, "a": 2}'))
    assert not filters.matches(record('{"a": 2, "a": 1}'))


def test_without_filters_every_record_matches() -> None:
    assert compile_filters([]).matches(record("anything"))
    assert compile_filters([]).explain(record("anything")) == "there is no filter"


def test_metadata_is_matched_with_a_warning_that_aws_documents_data_only() -> None:
    filters = compile_filters(
        ['{"partitionKey": [{"prefix": "sensor-"}], "eventSource": ["aws:kinesis"]}']
    )
    assert filters.matches(record("x"))
    assert not filters.matches(record("x", partition_key="other"))
    assert filters.warnings == (
        "filter 1 looks at eventSource, partitionKey: AWS documents only data for Kinesis",
    )


def test_metadata_that_a_record_lacks_is_absent() -> None:
    filters = compile_filters(['{"partitionKey": [{"exists": false}]}'])
    for raw in (b"{}", b'{"kinesis": 1}', b"[]"):
        assert filters.matches(Record("shardId-000000000000", "4959", "", 0.0, raw))


def test_a_data_member_of_the_metadata_never_stands_for_the_payload() -> None:
    filters = compile_filters(['{"data": {"a": [1]}, "partitionKey": ["sensor-1"]}'])
    assert filters.matches(record('{"a": 1}'))
    assert not filters.matches(record("text"))


def test_unknown_top_level_keys_and_operators_beyond_lambdas_table_are_warned_of() -> None:
    warnings = compile_filters(
        [
            '{"kinesis": {"data": {"a": [1]}}}',
            '{"data": {"a": [{"wildcard": "x*"}, {"anything-but": {"prefix": "x"}}]}}',
        ]
    ).warnings
    assert warnings == (
        "filter 1 looks at kinesis, which no Kinesis record has beside data",
        "filter 2 uses anything-but prefix, wildcard: not among the operators of Lambda's guide",
    )


@pytest.mark.parametrize("written", ["300", "300.0", "3.0e2"])
@pytest.mark.parametrize("other", ["300", "300.0", "3.0e2"])
def test_a_number_equals_its_other_spellings(written: str, other: str) -> None:
    filters = compile_filters([f'{{"data": {{"code": [{written}]}}}}'])
    assert filters.matches(record(f'{{"code": {other}}}'))


# --- Explaining -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "data", "sentence"),
    [
        (
            '{"data": {"temperature": [{"numeric": [">", 30]}]}}',
            '{"temperature": 20.5}',
            "data.temperature is 20.5, the pattern wants a number > 30",
        ),
        ('{"data": {"a": ["x", 2, null]}}', "{}",
         'data.a is absent, the pattern wants "x" or 2 or null'),
        ('{"data": {"a": [1]}}', "text", "data is not JSON"),
        ('{"data": {"a": [1]}}', '{"a": {}}', "data.a is an object, the pattern wants 1"),
        ('{"data": {"a": [1]}}', '{"a": []}', "data.a is an empty list, the pattern wants 1"),
        ('{"data": {"a": [1]}}', '{"a": [5,6,6,7,8,9]}',
         "data.a is 5, 6, 7 and 2 more, the pattern wants 1"),
        ('{"data": {"a": [{"exists": false}]}}', '{"a": 1}',
         "data.a is 1, the pattern wants no value"),
        ('{"data": {"a": [{"exists": true}]}}', "{}",
         "data.a is absent, the pattern wants a value"),
        (
            '{"data": {"a": [{"anything-but": {"prefix": ["x", "y"]}}]}}',
            '{"a": "xx"}',
            'data.a is "xx", the pattern wants anything but'
            ' a string that begins with "x" or a string that begins with "y"',
        ),
        (
            '{"data": {"a": {"b": [1], "c": [2]}}}',
            '{"a": [{"b": 1}, {"c": 2}]}',
            "no one element of a list matches all of data.a.b, data.a.c",
        ),
        (
            '{"$or": [{"data": {"a": [1]}}, {"partitionKey": ["x"]}]}',
            "{}",
            "data.a is absent, the pattern wants 1,"
            ' or partitionKey is "sensor-1", the pattern wants "x"',
        ),
        (
            '{"data": {"$or": [{"a": [1]}, {"b": [1]}, {"c": [1]}, {"d": [1]}]}}',
            "{}",
            "data.a is absent, the pattern wants 1, or data.b is absent, the pattern wants 1,"
            " or data.c is absent, the pattern wants 1, or 1 more branches of $or",
        ),
    ],
)  # fmt: skip
def test_a_filtered_record_is_explained(pattern: str, data: str, sentence: str) -> None:
    filters = compile_filters([pattern])
    assert not filters.matches(record(data))
    assert filters.explain(record(data)) == f"filter 1: {sentence}"


def test_every_filter_is_explained_and_a_match_is_named() -> None:
    filters = compile_filters(['{"data": {"a": [1]}}', '{"data": {"b": [2]}}'])
    assert filters.explain(record('{"a": 3}')) == (
        "filter 1: data.a is 3, the pattern wants 1;"
        " filter 2: data.b is absent, the pattern wants 2"
    )
    assert filters.explain(record('{"b": 2}')) == "matches filter 2"


def test_an_explanation_is_short_and_has_no_control_characters() -> None:
    hostile = "\x1b[2J\x9b\u202e" + "x" * 1000
    sentence = compile_filters(['{"data": {"a": [1]}}']).explain(record(json.dumps({"a": hostile})))
    assert sentence.isprintable()
    assert sentence.isascii()
    assert len(sentence) < 120


# --- Properties -------------------------------------------------------------------------------

KEYS = st.sampled_from(["a", "b", "c", "a.b", ""])
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=3)
RULES = (
    SCALARS
    | st.builds(
        lambda operator, text: {operator: text},
        st.sampled_from(["prefix", "suffix", "equals-ignore-case", "anything-but"]),
        st.text(max_size=2),
    )
    | st.builds(lambda yes: {"exists": yes}, st.booleans())
    | st.builds(
        lambda operator, number: {"numeric": [operator, number]},
        st.sampled_from(["<", "<=", "=", ">", ">="]),
        st.integers(-3, 3),
    )
)
FIELDS = st.lists(RULES, min_size=1, max_size=3)
PATTERNS = st.recursive(
    st.dictionaries(KEYS, FIELDS, min_size=1, max_size=3),
    lambda inner: st.dictionaries(KEYS, inner | FIELDS, min_size=1, max_size=2),
    max_leaves=4,
)


def listing_its_leaves(value: Json) -> Json:
    """The pattern that asks for exactly the leaves of objects nested without lists."""
    return {
        key: listing_its_leaves(inner) if isinstance(inner, dict) else [inner]
        for key, inner in value.items()
    }


NESTED = st.recursive(
    st.dictionaries(st.sampled_from("abc"), SCALARS, min_size=1, max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner | SCALARS, min_size=1, max_size=3),
    max_leaves=6,
)


@pytest.mark.slow
@given(NESTED)
def test_a_pattern_that_lists_a_values_leaves_matches_it(value: Json) -> None:
    assert matches_pattern(listing_its_leaves(value), value)


@given(NESTED, OBJECTS)
def test_what_matches_goes_on_matching_as_an_element_of_any_list(value: Json, other: Json) -> None:
    pattern = {"list": listing_its_leaves(value)}
    assert matches_pattern(pattern, {"list": [other, [value]]})


@given(st.text(max_size=3) | st.integers(-3, 3), SCALARS)
def test_anything_but_is_the_complement_for_a_present_value(
    wanted: str | int, leaf: object
) -> None:
    equal = matches_pattern({"a": [wanted]}, {"a": leaf})
    different = matches_pattern({"a": [{"anything-but": wanted}]}, {"a": leaf})
    assert equal is not different


@given(FIELDS, VALUES)
def test_exists_is_true_or_false_and_never_both(rules: list[object], value: object) -> None:
    there, gone = ({"a": [{"exists": yes}]} for yes in (True, False))
    assert matches_pattern(there, {"a": value}) is not matches_pattern(gone, {"a": value})
    if matches_pattern({"a": [r for r in rules if r != {"exists": False}] or [1]}, {"a": value}):
        assert matches_pattern(there, {"a": value})


@given(st.text(alphabet="ab*", max_size=6), st.text(alphabet="ab", max_size=8))
def test_a_wildcard_matches_as_the_regular_expression_would(pattern: str, text: str) -> None:
    while "**" in pattern:
        pattern = pattern.replace("**", "*")
    expected = re.fullmatch(pattern.replace("*", ".*"), text) is not None
    assert matches_pattern({"a": [{"wildcard": pattern}]}, {"a": text}) is expected


@given(PATTERNS, VALUES)
def test_each_value_matches_or_is_explained(pattern: Json, value: object) -> None:
    try:
        filters = compile_filters([json.dumps({"data": pattern})])
    except InputError:
        return  # "": a list of rules on an empty path, and the like
    sent = record(json.dumps(value))
    explanation = filters.explain(sent)
    assert filters.matches(sent) is (explanation == "matches filter 1")
    assert explanation.startswith(("matches filter 1", "filter 1: "))


@given(OBJECTS | VALUES)
def test_any_json_is_a_pattern_or_an_error_that_says_where(pattern: object) -> None:
    try:
        filters = compile_filters([json.dumps(pattern)])
    except InputError as refused:
        place = refused.place
    else:
        place = f"filter {filters.filters[0].number}"
    assert place.startswith("filter 1")


@given(st.binary(max_size=30))
def test_any_bytes_of_data_can_be_judged(data: bytes) -> None:
    filters = compile_filters(['{"data": {"a": [1]}}'])
    assert filters.matches(record(data)) is filters.explain(record(data)).startswith("matches")


def test_data_nested_beyond_all_measure_is_judged_too() -> None:
    filters = compile_filters(['{"data": {"a": [1]}}'])
    for depth in (500, 5000, 200_000):
        assert not filters.matches(record("[" * depth + "]" * depth))
        assert filters.explain(record("[" * depth + "]" * depth)).startswith("filter 1: ")


def test_what_is_nested_deeper_than_python_can_walk_is_refused_or_matches_nothing() -> None:
    deep: object = ["x"]
    for _ in range(5000):
        deep = {"a": deep}
    with pytest.raises(InputError, match="nested too deeply"):
        matches_pattern(deep, {})
    endless: object = []
    for _ in range(5000):
        endless = [endless]
    assert not matches_pattern({"a": [1]}, endless)
    assert "too deeply" in compile_pattern({"a": [1]}).mismatch(endless)


def test_a_list_is_searched_in_time_linear_in_its_length() -> None:
    # Two lists whose elements all match one field each: trying all pairs would take for ever.
    value = {"a": [{"x": 1, "y": 0}] * 3000, "b": [{"x": 1, "y": 0}] * 3000}
    value["a"].append({"x": 0, "y": 1})
    pattern = {"b": {"x": [1]}, "a": {"x": [1], "y": [1]}}
    assert not compile_pattern(pattern).matches(value)
