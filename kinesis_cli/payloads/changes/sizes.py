"""How many bytes DynamoDB counts for a record of its stream.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
All sizes that were recorded on AWS (S, N, B and BOOL at the top of an item) are the same.
"""

from kinesis_cli.payloads.changes.attribute_values import AttributeValue, Item

_OVERHEAD = 3  # of a list or a map


def size_bytes(*images: Item | None) -> int:
    """Return `SizeBytes` of a record: its keys and the images that it has."""
    return sum(item_size(image) for image in images if image is not None)


def item_size(item: Item) -> int:
    """Return the bytes of the names and values of an item."""
    return sum(_utf8(name) + _value_size(value) for name, value in item.items())


def _value_size(value: AttributeValue) -> int:
    # UNSURE(ddb-size): newer text counts 1 byte more for each element of a list or a map, and
    # nothing tells of sets, of the sign of a number and of 0.
    kind, content = next(iter(value.items()))
    match kind:
        case "S":
            return _utf8(content)
        case "N":
            return _number_size(content)
        case "B":
            return _binary_size(content)
        case "L":
            return _OVERHEAD + sum(map(_value_size, content))
        case "M":
            return _OVERHEAD + item_size(content)
        case "SS":
            return sum(map(_utf8, content))
        case "NS":
            return sum(map(_number_size, content))
        case "BS":
            return sum(map(_binary_size, content))
    return 1  # BOOL, NULL


def _utf8(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))


def _number_size(text: str) -> int:
    digits = text.lstrip("-").replace(".", "").strip("0")
    return 1 + (max(len(digits), 1) + 1) // 2


def _binary_size(base64: str) -> int:
    return len(base64) // 4 * 3 - base64.count("=")
