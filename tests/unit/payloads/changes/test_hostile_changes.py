"""Changes that a check tries: each is one that DynamoDB can send."""

import json
from typing import Any

from kinesis_cli.payloads.changes.attribute_values import typed_value
from kinesis_cli.payloads.changes.hostile import IMAGES, change_variants, reversed_change

ITEM: dict[str, Any] = {
    "pk": {"S": "a"},
    "sk": {"N": "1"},
    "total": {"N": "12.5"},
    "name": {"S": "x"},
    "ok": {"BOOL": True},
    "lines": {"L": [{"M": {"sku": {"S": "s"}}}, {"N": "2"}]},
}
KEYS: dict[str, Any] = {name: ITEM[name] for name in ("pk", "sk")}
MODIFY = {"eventName": "MODIFY", "Keys": KEYS, "NewImage": ITEM, "OldImage": ITEM}
HAS = {"INSERT": (True, False), "MODIFY": (True, True), "REMOVE": (False, True)}


def made(change: dict[str, Any], *words: object) -> dict[str, dict[str, Any]]:
    found = {one.what: one.data for one in change_variants(json.dumps(change).encode(), words)}
    return {what: json.loads(data) for what, data in found.items()}


def test_each_variant_is_a_change_that_dynamodb_can_send() -> None:
    for change in (MODIFY, {"eventName": "INSERT", "Keys": KEYS, "NewImage": ITEM}):
        for what, other in made(change).items():
            images = [image for image in IMAGES if image in other]
            assert (("NewImage" in other), ("OldImage" in other)) == HAS[other["eventName"]], what
            for image in (*images, "Keys"):
                assert {name: typed_value(each, what) for name, each in other[image].items()}
                assert KEYS.keys() <= other[image].keys(), what
                for name, value in other["Keys"].items():
                    assert other[image][name] == value, what
                    assert value.keys() == KEYS[name].keys(), what
            assert bool(other.get("userIdentity")) == (what == "a removal by Time to Live")


def test_each_attribute_is_missing_of_another_type_and_extreme() -> None:
    found = made(MODIFY, "paid")
    assert "a REMOVE, without NewImage" in found
    assert "total" not in found["NewImage.total: missing"]["NewImage"]
    assert found["NewImage.total: NULL"]["NewImage"]["total"] == {"NULL": True}
    assert found["NewImage.total: a set of numbers"]["NewImage"]["total"] == {"NS": ["1", "2.5"]}
    assert len(found["NewImage.total: 38 digits"]["NewImage"]["total"]["N"]) == 38
    assert found["NewImage.name: an empty text"]["NewImage"]["name"] == {"S": ""}
    assert found["NewImage.name: 'paid'"]["NewImage"]["name"] == {"S": "paid"}
    assert found["NewImage.lines.L[0].M.sku: NULL"]["OldImage"] == ITEM
    assert found["NewImage.lines.L[1]: missing"]["NewImage"]["lines"] == {
        "L": [ITEM["lines"]["L"][0]]
    }
    assert found["NewImage.ok: the opposite"]["NewImage"]["ok"] == {"BOOL": False}
    assert not any("pk: missing" in what or "pk: NULL" in what for what in found)


def test_what_is_not_a_change_has_no_variants() -> None:
    assert list(change_variants(b"not json")) == list(change_variants(b"[1]")) == []


def test_attributes_have_no_order() -> None:
    data = json.dumps(MODIFY).encode()
    turned = reversed_change(data)
    assert json.loads(turned) == json.loads(data)
    assert list(json.loads(turned)["NewImage"]) == list(ITEM)[::-1]
    assert reversed_change(b"x") == b"x"
