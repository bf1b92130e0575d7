import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from boto3.dynamodb.types import Binary, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.changes.attribute_values import attribute_value, typed_value
from kinesis_cli.payloads.changes.items import again_and_again, items_in
from kinesis_cli.payloads.changes.keys import MAX_ITEM, TableKeys
from kinesis_cli.payloads.changes.settings import ChangeSettings, checked_stream_arn, checked_table
from kinesis_cli.payloads.changes.sizes import item_size
from kinesis_cli.payloads.changes.table_stream import ChangeMaker, stream_arn
from kinesis_cli.payloads.changes.views import View, event_name, view_named
from kinesis_cli.payloads.changes.writes import (
    Change,
    Write,
    changed_item,
    changes_named,
    lives,
    writes,
)
from kinesis_cli.payloads.settings import PayloadSettings

KEYS = TableKeys("pk", "sk")
START = 1_735_689_600.0

NUMBERS = st.one_of(
    st.integers(-(10**37), 10**37),
    st.decimals(-1_000_000, 1_000_000, places=6),
    st.sampled_from([Decimal("1E+125"), Decimal("-1E-130"), Decimal(0), Decimal("9.9E-7")]),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.text(max_size=8), st.binary(max_size=8), NUMBERS)
SETS = st.one_of(
    st.sets(st.text(max_size=4), min_size=1, max_size=3),
    st.sets(st.integers(-99, 99), min_size=1, max_size=3),
    st.sets(st.binary(max_size=4), min_size=1, max_size=3),
)
VALUES = st.recursive(
    SCALARS | SETS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


def unordered(value: Any) -> Any:  # noqa: ANN401 - JSON
    """An attribute value as boto3 gives it, in the form of JSON; sets in one order."""
    (kind, content), *_ = value.items()
    match kind:
        case "B":
            return attribute_value(content, "")
        case "SS" | "BS":
            return attribute_value(set(content), "")
        case "NS":
            return {"NS": sorted(typed_value({"N": each}, "")["N"] for each in content)}
        case "N":
            return typed_value(value, "")
        case "L":
            return {"L": list(map(unordered, content))}
        case "M":
            return {"M": {name: unordered(each) for name, each in content.items()}}
    return value


@given(VALUES)
def test_a_plain_value_gets_the_type_that_boto3_gives_it(value: object) -> None:
    assert attribute_value(value, "v") == unordered(TypeSerializer().serialize(value))


@given(VALUES)
def test_a_value_that_has_types_is_kept(value: object) -> None:
    typed = attribute_value(value, "v")
    assert typed_value(json.loads(json.dumps(typed)), "v") == typed


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1.50", "1.5"),
        ("1E3", "1000"),
        ("-0", "0"),
        ("0.000", "0"),
        ("1E-130", f"0.{'0' * 129}1"),
        ("+7", "7"),
        ("00012", "12"),
        (0.1, "0.1"),
        (Decimal("100"), "100"),
        (12345678901234567890123456789012345678, "12345678901234567890123456789012345678"),
    ],
)
def test_a_number_is_written_as_dynamodb_returns_it(number: Any, text: str) -> None:  # noqa: ANN401
    assert attribute_value(Decimal(number) if isinstance(number, str) else number, "n") == {
        "N": text
    }
    assert typed_value({"N": str(number)}, "n") == {"N": text}


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (float("nan"), "'nan' is not a number that DynamoDB takes"),
        (10**126, "out of DynamoDB's range"),
        (Decimal("1E-131"), "out of DynamoDB's range"),
        (Decimal("1E+999999"), "out of DynamoDB's range"),
        (int("1" * 39), "at most 38 significant digits"),
        ({1, "a"}, "of one type"),
        (set(), "a set of DynamoDB is not empty"),
        (object(), "DynamoDB has no type for object"),
        ({True}, "of one type"),
    ],
)
def test_a_value_that_dynamodb_has_not_is_refused(value: object, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        attribute_value(value, "item 1, n")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"N": 1}, 'N holds a number as text: {"N": "1"}'),
        ({"N": "one"}, "'one' is not a number that DynamoDB takes"),
        ({"X": "a"}, "'X' is not a type of DynamoDB: S, N, B, BOOL, NULL, L, M, SS, NS, BS"),
        ({"S": "a", "N": "1"}, "not an attribute value"),
        ({}, "not an attribute value"),
        ("a", "not an attribute value"),
        ({"B": "%"}, "B holds base64 text"),
        ({"BOOL": "true"}, "BOOL holds true or false"),
        ({"NULL": False}, "NULL holds true"),
        ({"SS": []}, "a set is not empty"),
        ({"NS": ["1", "1.0"]}, "holds each value once"),
        ({"SS": "ab"}, "a set is written as a list"),
        ({"L": {}}, "L holds a list"),
        ({"M": {"a": 1}}, "v.a: not an attribute value"),
        ({"M": []}, "M holds an object"),
    ],
)
def test_a_typed_value_that_is_wrong_is_named(value: object, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        typed_value(value, "v")
    assert problem in str(caught.value)


def test_a_value_is_nested_as_deeply_as_dynamodb_takes_it() -> None:
    value: Any = "x"
    for _ in range(32):
        value = [value]
    attribute_value(value, "v")
    with pytest.raises(InputError, match="nests at most 32"):
        attribute_value([value], "v")
    typed: Any = {"S": "x"}
    for _ in range(33):
        typed = {"L": [typed]}
    with pytest.raises(InputError, match="nests at most 32"):
        typed_value(typed, "v")


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("é", 2),
        (0, 2),
        (7, 2),
        (100, 2),
        (123, 3),
        (Decimal("-12.5"), 3),
        (Decimal("0.001"), 2),
        (b"abcd", 4),
        (None, 1),
        (True, 1),
        ([], 3),
        ({}, 3),
        (["ab", {"c": 1}], 3 + 2 + 3 + 1 + 2),
        ({"ab", "c"}, 3),
        ({1, 22}, 4),
    ],
)
def test_a_value_has_the_size_that_the_guide_gives_it(value: object, size: int) -> None:
    assert item_size({"n": attribute_value(value, "")}) == 1 + size


# Writes


def item(pk: str, sk: int, **others: object) -> dict[str, Any]:
    return KEYS.item({"pk": pk, "sk": sk, **others}, "item")


def written(items: list[dict[str, Any]], changes: str, count: int | None = None) -> list[Write]:
    named = changes_named(changes)
    number = max(len(items), len(lives(named)))
    source = again_and_again(items)
    source = source if count is not None else islice(source, number)
    found = writes(source, named, KEYS.identity, lambda old: changed_item(old, KEYS.names))
    return list(islice(found, count))


def told(found: list[Write]) -> list[str]:
    return [f"{event_name(each)} {each.item['pk']['S']}{' ttl' * each.by_ttl}" for each in found]


def test_each_item_goes_through_the_changes_until_it_is_gone() -> None:
    found = written([item("a", 1), item("b", 1), item("c", 1)], "put,update,delete,ttl")
    assert told(found) == [
        *("INSERT a", "MODIFY a", "REMOVE a"),
        "REMOVE b ttl",  # it was there before
        *("INSERT c", "MODIFY c", "REMOVE c"),
    ]


def test_an_item_that_is_gone_is_put_again_before_it_is_removed() -> None:
    found = written([item("a", 1)], "put,update,delete,ttl")
    assert told(found) == ["INSERT a", "MODIFY a", "REMOVE a", "INSERT a", "REMOVE a ttl"]


def test_an_item_with_the_keys_of_an_earlier_one_is_its_next_version() -> None:
    first, second = item("a", 1, status="new"), item("a", 1, status="paid")
    for changes in ("put", "put,update", "update"):
        found = written([first, second], changes)
        assert Write(first, second) in found or Write(changed(first), second) in found, changes
    assert written([first, second], "put") == [Write(None, first), Write(first, second)]


def changed(old: dict[str, Any]) -> dict[str, Any]:
    return changed_item(old, KEYS.names)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"s": "x", "f": True, "n": 9}, {"s": "x", "f": True, "n": 10}),
        ({"s": "x", "f": True}, {"s": "x", "f": False}),
        ({"s": "x"}, {"s": "x (changed)"}),
        ({}, {"revision": 1}),
        ({"n": int("9" * 38)}, {"n": 10**38}),
        ({"n": int("1" * 38 + "0" * 20)}, {"n": 1}),
    ],
)
def test_an_update_changes_one_attribute_and_never_a_key(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert changed(item("a", 1, **before)) == item("a", 1, **after)


CHANGES = st.lists(st.sampled_from(Change), min_size=1, max_size=6).map(",".join)
ITEMS = st.lists(
    st.builds(item, st.sampled_from("abc"), st.integers(1, 2), n=st.integers(0, 3)),
    min_size=1,
    max_size=5,
)


@given(ITEMS, CHANGES, st.integers(1, 30))
def test_a_stream_tells_a_history_that_a_table_can_have(
    items: list[dict[str, Any]], changes: str, count: int
) -> None:
    found = written(items, changes, count)
    assert len(found) == count
    table: dict[str, Any] = {}
    for write in found:
        key = KEYS.identity(write.item)
        assert write.old != write.new
        assert table.setdefault(key, write.old) == write.old  # what is not known was there before
        assert {KEYS.identity(each) for each in write[:2] if each} == {key}
        assert not write.by_ttl or write.new is None
        table[key] = write.new
    if not any(change in changes for change in ("delete", "ttl")):
        assert None not in [write.new for write in found]


def test_a_change_that_dynamodb_has_not_is_named() -> None:
    assert changes_named(" Put, TTL") == (Change.PUT, Change.TTL)
    for text in ("puts", "put,,ttl", ""):
        with pytest.raises(InputError, match="is not a change: put, update, delete, ttl"):
            changes_named(text)
    with pytest.raises(InputError, match="'both' is not a StreamViewType: NEW_AND_OLD_IMAGES"):
        view_named("both")
    assert view_named("keys_only") is View.KEYS_ONLY


# Items of a file


FILES = {
    "array": '[{"pk": "a", "sk": 1}, {"pk": "b", "sk": 2.50}]',
    "lines": '{"pk": "a", "sk": 1}\n\n{"pk": "b", "sk": 2.5}\n',
    "with types": '[{"pk": {"S": "a"}, "sk": {"N": "1"}}, {"pk": {"S": "b"}, "sk": {"N": "2.5"}}]',
    "a scan": (
        '{\n "Items": [\n {"pk": {"S": "a"}, "sk": {"N": "1"}},\n'
        '{"pk": {"S": "b"}, "sk": {"N": "2.5"}}],\n"Count": 2, "ScannedCount": 2}'
    ),
    "an export": (
        '{"Item":{"pk":{"S":"a"},"sk":{"N":"1"}}}\n{"Item":{"pk":{"S":"b"},"sk":{"N":"2.5"}}}'
    ),
    "batch-write-item": (
        '{"orders": [{"PutRequest": {"Item": {"pk": {"S": "a"}, "sk": {"N": "1"}}}},'
        '{"PutRequest": {"Item": {"pk": {"S": "b"}, "sk": {"N": "2.5"}}}}]}'
    ),
}


@pytest.mark.parametrize("text", FILES.values(), ids=list(FILES))
def test_items_are_read_as_people_and_tools_write_them(text: str, tmp_path: Path) -> None:
    file = tmp_path / "items"
    file.write_text(text)
    expected = [
        {"pk": {"S": "a"}, "sk": {"N": "1"}},
        {"pk": {"S": "b"}, "sk": {"N": "2.5"}},
    ]
    assert items_in(str(file), KEYS) == expected


def test_one_item_over_several_lines_is_one(tmp_path: Path) -> None:
    file = tmp_path / "item.json"
    file.write_text(json.dumps({"pk": "a", "sk": 1, "lines": {"S": "plain"}}, indent=2))
    (found,) = items_in(str(file), KEYS)
    assert found["lines"] == {"M": {"S": {"S": "plain"}}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "items: no items in it"),
        ("[]", "items: no items in it"),
        ("{", "items: not JSON: expecting property name"),
        ('{"pk": "a", "sk": 1}\n{"pk": }', "items, line 2: not JSON: expecting value"),
        ('[{"pk": "a"}]', "items, item 1: the item has no attribute 'sk', which --keys names"),
        ('[{"pk": "a", "sk": 1}, 3]', "items, item 2: an item is an object"),
        (
            '{"pk": "a", "sk": true}',
            "items, item 1, sk: a key is text, a number or bytes, not BOOL",
        ),
        ('{"pk": "", "sk": 1}', "items, item 1, pk: a key is not empty"),
        ('{"pk": {"S": "a"}, "sk": 1}', "items, item 1, sk: not an attribute value"),
        ('{"pk": "a", "sk": 1, "x": NaN}', "items, item 1, x: 'nan' is not a number"),
        ('{"pk": "a", "sk": 1, "x": 1e400}', "out of DynamoDB's range"),
        ("[" * 100_000, "nested too deeply"),
        ('{"x": ' + "9" * 5000 + "}", "a number too long"),
        (json.dumps({"pk": "a" * 2049, "sk": 1}), "a key of more than 2,048 bytes"),
        (json.dumps({"pk": "a", "sk": 1, "x": "y" * MAX_ITEM}), "takes at most 409,600"),
        ("\x1f\x8b\x08\x00nothing", "not text, so not items"),
    ],
)
def test_a_file_that_is_not_items_is_one_sentence(
    text: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("items").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError) as caught:
        items_in("items", KEYS)
    assert problem in str(caught.value)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match="missing: no such file or directory"):
        items_in("missing", KEYS)


@pytest.mark.parametrize("text", ["", "a,b,c", "a,", "a,a"])
def test_keys_are_one_or_two_names(text: str) -> None:
    with pytest.raises(InputError, match="does not name a table's key attributes"):
        TableKeys.named(text)
    assert TableKeys.named("pk, sk") == KEYS


def test_boto3s_binary_is_bytes() -> None:
    assert attribute_value(Binary(b"ab"), "") == {"B": "YWI="}
    assert typed_value({"B": Binary(b"ab")}, "") == typed_value({"B": b"ab"}, "") == {"B": "YWI="}


# Settings and records


def settings(**given: Any) -> ChangeSettings:  # noqa: ANN401
    values = {"items": None, "payloads": PayloadSettings(), "changes": (Change.PUT,), "keys": KEYS}
    return ChangeSettings(**{**values, **given})


def all_writes(of: ChangeSettings, count: int | None = None) -> list[tuple[float, Write]]:
    return list(of.writes(Random(1), START, 0.25, count))


def test_made_up_readings_are_items_of_sensors() -> None:
    readings = settings(keys=TableKeys("sensor"), key_name="sensor", changes=changes_named("put"))
    ((at, write),) = all_writes(readings)
    assert at == START
    assert write.new is not None
    assert list(write.new) == ["sensor", "temperature", "readingTimestamp"]
    assert [event_name(each) for _, each in all_writes(readings, 3)] == [
        *("INSERT", "MODIFY", "MODIFY")
    ]


def test_payloads_of_a_file_are_items(tmp_path: Path) -> None:
    file = tmp_path / "payloads.ndjson"
    file.write_text('{"pk": "a", "sk": 1}\n{"pk": "b", "sk": 1}\n')
    from_file = settings(
        payloads=PayloadSettings(from_file=str(file)), changes=changes_named("put,update")
    )
    found = [write for _, write in all_writes(from_file)]
    assert told(found) == ["INSERT a", "MODIFY a", "INSERT b", "MODIFY b"]


def test_a_payload_that_is_not_an_item_is_named() -> None:
    for data, problem in ((b"x", "payload 1: not JSON"), (b"1", "payload 1: an item is an object")):
        with pytest.raises(InputError, match=problem):
            all_writes(settings(payloads=PayloadSettings(data=data)))


def records(view: View, shards: int = 1, count: int = 6) -> list[tuple[str, dict[str, Any]]]:
    maker = ChangeMaker(
        KEYS,
        view,
        stream_arn=stream_arn("orders", START),
        random=Random(3),
        created=START,
        shards=shards,
    )
    items = [item(f"p{index}", 1, n=1) for index in range(count)]
    found = written(items, "put,update,ttl")
    times = (START + index / 2 for index in range(10**6))
    made = maker.records(zip(times, found, strict=False))
    return [(shard_id, json.loads(raw)) for shard_id, raw in made]


@pytest.mark.parametrize(
    ("view", "images"),
    [
        (View.NEW_AND_OLD_IMAGES, [{"NewImage"}, {"NewImage", "OldImage"}, {"OldImage"}]),
        (View.NEW_IMAGE, [{"NewImage"}, {"NewImage"}, set()]),
        (View.OLD_IMAGE, [set(), {"OldImage"}, {"OldImage"}]),
        (View.KEYS_ONLY, [set(), set(), set()]),
    ],
)
def test_a_view_shows_its_images_only(view: View, images: list[set[str]]) -> None:
    found = [record for _, record in records(view)][:3]
    assert [{"NewImage", "OldImage"} & record["dynamodb"].keys() for record in found] == images
    assert {record["dynamodb"]["StreamViewType"] for record in found} == {str(view)}
    assert [record["eventName"] for record in found] == ["INSERT", "MODIFY", "REMOVE"]
    assert "userIdentity" not in found[1]
    assert found[2]["userIdentity"] == {
        "type": "Service",
        "principalId": "dynamodb.amazonaws.com",
    }
    assert [record["dynamodb"]["ApproximateCreationDateTime"] for record in found] == [
        *(START, START, START + 1)
    ]


def test_an_item_stays_on_its_shard_and_numbers_grow_there() -> None:
    numbers: dict[str, list[int]] = {}
    shard_of: dict[str, set[str]] = {}
    for shard_id, record in records(View.KEYS_ONLY, shards=4, count=50):
        numbers.setdefault(shard_id, []).append(int(record["dynamodb"]["SequenceNumber"]))
        shard_of.setdefault(record["dynamodb"]["Keys"]["pk"]["S"], set()).add(shard_id)
    assert len(numbers) == 4
    assert all(found == sorted(set(found)) for found in numbers.values())
    assert {len(shards) for shards in shard_of.values()} == {1}
    lengths = {len(str(each)) for found in numbers.values() for each in found}
    assert len(lengths) > 1  # text is not the order of numbers
    assert min(lengths) >= 21


def test_what_an_item_holds_does_nothing_to_a_terminal() -> None:
    maker = ChangeMaker(
        KEYS, View.NEW_IMAGE, stream_arn=stream_arn("t-1", 0), random=Random(1), created=0
    )
    evil = item("\x1b[31m\x9b\x7f\u202e", 1)
    ((_, raw),) = maker.records([(0.0, Write(None, evil))])
    assert raw.isascii()
    assert b"\x7f" not in raw
    assert json.loads(raw)["dynamodb"]["NewImage"] == evil
    assert b'"ApproximateCreationDateTime":0.0,' in raw


def test_names_and_arns_are_checked() -> None:
    assert checked_table("a-b_c.d") == "a-b_c.d"
    arn = stream_arn("orders", START)
    assert checked_stream_arn(arn) == arn
    assert arn.endswith("table/orders/stream/2025-01-01T00:00:00.000")
    with pytest.raises(InputError, match="is not the name of a table"):
        checked_table("ab")
    for wrong in ("orders", arn.replace("/stream/", "/"), arn.replace("dynamodb", "kinesis", 1)):
        with pytest.raises(InputError, match="is not an ARN of a table's stream"):
            checked_stream_arn(wrong)


def test_the_same_seed_makes_the_same_bytes() -> None:
    def made() -> Iterator[bytes]:
        maker = ChangeMaker(
            KEYS, View.NEW_IMAGE, stream_arn=stream_arn("abc", 0), random=Random(5), created=0
        )
        return (raw for _, raw in maker.records([(0.0, Write(None, item("a", 1)))]))

    assert list(made()) == list(made())


def test_a_stream_has_a_shard() -> None:
    with pytest.raises(InputError, match="0 shards: from 1 to 10,000"):
        ChangeMaker(
            KEYS,
            View.NEW_IMAGE,
            stream_arn=stream_arn("abc", 0),
            random=Random(5),
            created=0,
            shards=0,
        )
