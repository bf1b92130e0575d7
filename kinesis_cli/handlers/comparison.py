"""Where two answers to the same event differ. Pure."""

from collections.abc import Iterator, Mapping

import msgspec

from kinesis_cli.event_source_mapping.invocation import InvocationResult


class Absent(msgspec.Struct, frozen=True):
    """There is no such member."""


ABSENT = Absent()


class Difference(msgspec.Struct, frozen=True):
    """A place in two answers where they are not the same."""

    path: str  # "response.batchItemFailures[0].itemIdentifier", "error.errorType"
    left: object  # JSON values, or ABSENT
    right: object


def differences(left: InvocationResult, right: InvocationResult) -> list[Difference]:
    """Where two results differ: in their responses, or in kind and text of their errors.

    Request ids and stacks, which name files of two places, are no difference.
    """
    if left.error is None and right.error is None:
        return list(_compared("response", left.response, right.response))
    return list(_compared("", _outcome(left), _outcome(right)))


def _outcome(result: InvocationResult) -> dict[str, object]:
    if result.error is None:
        return {"response": result.response}
    text = result.error.error_message
    if result.error.request_id:
        text = text.replace(result.error.request_id, "…")
    return {"error": {"errorType": result.error.error_type, "errorMessage": text}}


def _compared(path: str, left: object, right: object) -> Iterator[Difference]:
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for name in dict.fromkeys([*left, *right]):
            inner = f"{path}.{name}" if path else str(name)
            yield from _compared(inner, left.get(name, ABSENT), right.get(name, ABSENT))
    elif isinstance(left, list) and isinstance(right, list):
        for index in range(max(len(left), len(right))):
            pair = [each[index] if index < len(each) else ABSENT for each in (left, right)]
            yield from _compared(f"{path}[{index}]", *pair)
    elif left != right or isinstance(left, bool) != isinstance(right, bool):
        yield Difference(path, left, right)
