import base64
import string
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.local.kinesis import ServiceError
from kinesis_cli.local.kinesis.operations import OPERATIONS, PUTS
from kinesis_cli.local.kinesis_protocol.model import Shape, kinesis_model
from kinesis_cli.local.kinesis_protocol.validation import ParameterReader, decoded_json

MODEL = kinesis_model()
READERS = {name: reader for name in MODEL.operations if (reader := MODEL.operation(name))}
HERE = {*OPERATIONS, *PUTS, "SubscribeToShard"}

texts = st.one_of(
    st.text(max_size=5),
    st.text(alphabet=string.ascii_letters + string.digits + "+/=\\", max_size=9),
    st.sampled_from(["shardId-000000000000", "0", "01", "x" * 129, "LATEST", "AT_LATEST", "AAA="]),
    st.binary(max_size=5).map(lambda data: base64.b64encode(data).decode()),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 2**40), st.floats(-9, 9), texts),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@cache
def fitting(shape: Shape) -> st.SearchStrategy[Any]:
    """Values of a shape, often right and often nearly so."""
    match shape.type:
        case "structure":
            members = {name: fitting(member) for name, member in shape.members.items()}
            right: st.SearchStrategy[Any] = st.fixed_dictionaries(
                {name: members[name] for name in shape.required},
                optional={name: each for name, each in members.items()
                          if name not in shape.required},
            )  # fmt: skip
        case "list":
            assert shape.element
            right = st.lists(fitting(shape.element), max_size=3)
        case "map":
            assert shape.element
            right = st.dictionaries(texts, fitting(shape.element), max_size=3)
        case "string":
            right = st.sampled_from(shape.enum) if shape.enum else texts
        case "boolean":
            right = st.booleans()
        case "blob":
            right = texts
        case _:
            right = st.integers(-1, 20_000)
    return st.integers(0, 9).flatmap(lambda odd: values if odd == 0 else right)


def kinds(shape: Shape) -> set[object]:
    """What there is to check in a shape: types, and the constraints that each has."""
    has = (shape.minimum, shape.maximum, shape.pattern, shape.enum, shape.null_is_named)
    inside = [*shape.members.values(), *filter(None, [shape.element, shape.key])]
    own = (shape.type, *map(bool, has), bool(shape.required))
    return {own}.union(*map(kinds, inside))


def covering() -> list[str]:
    """The operations that are here, and of the others one for each further kind of shape."""
    chosen = sorted(HERE)
    known = set[object]().union(*(kinds(READERS[name].input) for name in chosen))
    for name in sorted(READERS.keys() - HERE):
        if kinds(READERS[name].input) - known:
            known |= kinds(READERS[name].input)
            chosen.append(name)
    return chosen


def verdict(read: Callable[[bytes], object], body: bytes) -> object:
    try:
        return read(body)
    except ServiceError as error:
        return error.code, error.message


@pytest.mark.unmeasured
@pytest.mark.parametrize("name", covering())
@given(data=st.data())
def test_the_fast_pass_and_the_slow_one_give_the_same_verdict(
    name: str, data: st.DataObject
) -> None:
    reader = ParameterReader(READERS[name])
    body = msgspec.json.encode(data.draw(fitting(READERS[name].input)))
    fast = verdict(reader.from_json, body)
    slow = verdict(lambda body: reader.checked(decoded_json(body)), body)
    assert fast == slow


@pytest.mark.parametrize("data", ["+/+=", "AB==", r"AB\u003d\u003d", r"\u0041B=="])
def test_base64_with_stray_bits_is_refused(data: str) -> None:
    reader = ParameterReader(READERS["PutRecord"])
    with pytest.raises(ServiceError, match="Invalid last non-pad Base64 character"):
        reader.from_json(b'{"StreamName":"s","PartitionKey":"a","Data":"%s"}' % data.encode())


@pytest.mark.parametrize("data", [r"eHl6\/w==", r"eHk\u003d", "eHk="])
def test_base64_may_be_escaped_as_json(data: str) -> None:
    reader = ParameterReader(READERS["PutRecord"])
    body = b'{"StreamName":"s","PartitionKey":"a","Data":"%s"}' % data.encode()
    assert reader.from_json(body)["Data"].startswith(b"xy")


def test_a_list_that_breaks_a_rule_of_its_elements_is_refused_as_a_whole() -> None:
    reader = ParameterReader(READERS["RemoveTagsFromStream"])
    with pytest.raises(ServiceError) as refused:
        reader.from_json(b'{"StreamName":"s","TagKeys":["a",""]}')
    assert refused.value.message == (
        "1 validation error detected: Value '[a, ]' at 'tagKeys' failed to satisfy constraint: "
        "Member must satisfy constraint: [Member must have length less than or equal to 128, "
        "Member must have length greater than or equal to 1]"
    )


def test_an_integer_is_cut_to_its_size_before_it_is_compared() -> None:
    reader = ParameterReader(READERS["DescribeStream"])
    with pytest.raises(ServiceError, match="Value '2147483647' at 'limit'"):
        reader.from_json(b'{"StreamName":"s","Limit":99999999999999999999}')
