"""The property that nothing secret is logged."""

import base64
import json
from collections.abc import Sequence

from kinesis_cli.payloads.hostile import Path, member_of, parsed, replaced, text_of
from kinesis_cli.stream.record import Record
from kinesis_cli.testing.checks.failing import CheckFailedError
from kinesis_cli.testing.checks.made_records import item_of
from kinesis_cli.testing.checks.observing import Seen
from kinesis_cli.testing.checks.subjects import Checked, subject_of
from kinesis_cli.testing.checks.words import did, listed

LEAST_SECRET = 4  # characters; of less, nobody could tell that it is this one


def no_secrets_in_log(
    function: Checked, records: Sequence[Record], secrets: Sequence[str] = ()
) -> None:
    """Check that members of payloads never reach the log, in whatever form.

    Args:
        function: what is checked.
        records: the batch; what its payloads hold at the paths is secret.
        secrets: paths of members, "card.number".

    Raises:
        CheckFailedError: a line of the log, or the error that Lambda logs, has one.
    """
    __tracebackhide__ = True
    with subject_of(function) as subject:
        (seen,) = subject.deliver(records)
        text = "\n".join(_logged(seen))
        for place, record in enumerate(records):
            data = item_of(record).data
            for path in secrets:
                for value in secrets_in(data, path):
                    if how := _found(value, data, text):
                        problem = f"the secret {path} of {listed([place])} is in the log, {how}"
                        raise CheckFailedError("no-secrets-in-log", problem, records, did(seen))


def path_of(text: str) -> Path:
    """A path as it is written: "card.numbers.0"."""
    return tuple(int(step) if step.isdecimal() else step for step in text.split("."))


def secrets_in(data: bytes, path: str) -> list[str]:
    """The texts at a path of a payload that are long enough to be told; also of one that is cut."""
    member = member_of(parsed(data), path_of(path))
    if isinstance(member, str | int | float) and not isinstance(member, bool):
        text = str(member)
        return [text] if len(text) >= LEAST_SECRET else []
    marked = marker(path)
    return [marked] if marked.encode() in data else []


def marker(path: str) -> str:
    """A text that stands for the secret at a path, and for nothing else."""
    letters = "".join(each for each in path if each.isalnum())
    return f"kcli-secret-{letters}-7c4e"


def with_markers(data: bytes, secrets: Sequence[str]) -> bytes:
    """A payload whose secrets can be told from all else."""
    value = parsed(data)
    for path in secrets:
        steps = path_of(path)
        member = member_of(value, steps)
        if isinstance(member, str):
            value = replaced(value, steps, marker(path))
        elif isinstance(member, int | float) and not isinstance(member, bool):
            value = replaced(value, steps, 4111222233334444)
    return data if value is None else text_of(value)


def _logged(seen: Seen) -> list[str]:
    error = seen.result.error
    told = [] if error is None else [error.error_message, *error.stack_trace]
    return [*seen.result.logs, *told]


def _found(value: str, data: bytes, text: str) -> str:
    """How a secret is in a log; "": it is not."""
    if value in text or json.dumps(value)[1:-1] in text:
        return "as it is"
    encoded = base64.b64encode(data).decode()
    if value.encode() in data and len(encoded) > LEAST_SECRET and encoded in text:
        return "with the record's data, in base64"
    return ""
