"""kcli's filters against AWS's own matcher, whose answers are in `data/ruler_answers.json`."""

import json
from pathlib import Path
from typing import Any

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.filters.compiler import compile_pattern
from kinesis_cli.event_source_mapping.filters.json_text import ABSENT, read, read_pattern
from kinesis_cli.event_source_mapping.filters.wildcards import MAX_COMPLEXITY

GROUPS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "ruler_answers.json").read_text()
)


# Where kcli means to differ; docs/fidelity.md says so, too.
NUMBER_AS_ADDRESS = {"10", "10.0", "12345678", "167772161"}
NETWORKS_OF_ALL = {'{"a": [{"cidr": "0.0.0.0/0"}]}', '{"a": [{"cidr": "::/0"}]}'}
OTHERWISE_REFUSED = {
    # what was meant for an operator is not a field's name
    '{"a": {"$or": [1]}}', '{"$or": [1, 2]}', '{"$or": {"a": [1]}}',
    # a pattern is one JSON value
    '{"a": [1]} x', '{"a": [1]}{"b": [1]}',
}  # fmt: skip
EMPTY_LAST_KEY = {'{"a": {"": [1]}}', '{"a.": [1]}'}


def is_meant(pattern: str, event: str, found: str) -> bool:
    if pattern in NETWORKS_OF_ALL:
        return event in {f'{{"a": {number}}}' for number in NUMBER_AS_ADDRESS}
    if pattern in EMPTY_LAST_KEY:
        return event == '{"a": {"": 1}}'
    return pattern in OTHERWISE_REFUSED and found == "refused"


def answered(pattern: str, events: list[str]) -> str:
    """A digit for each event, as the matcher answers; "refused" where the pattern is."""
    parsed = read_pattern(pattern)
    if parsed is ABSENT:
        return "refused"
    try:
        compiled = compile_pattern(parsed)
    except InputError:
        return "refused"
    documents = [read(event.encode()) for event in events]
    assert ABSENT not in documents
    return "".join("01"[compiled.matches(document)] for document in documents)


def recorded(answer: str | list[Any]) -> str:
    if isinstance(answer, str):
        return "refused"
    matches, complexity = answer
    return "refused" if complexity > MAX_COMPLEXITY else str(matches)


def differences(pattern: str, found: str, right: str, events: list[str]) -> list[tuple[str, ...]]:
    if "refused" in (found, right):
        if found == right or is_meant(pattern, "", found):
            return []
        return [(pattern, f"kcli: {found}", f"AWS: {right}")]
    pairs = zip(events, found, right, strict=True)
    return [
        (pattern, event, f"AWS: {b}")
        for event, a, b in pairs
        # "?": two machines of the matcher answer otherwise
        if a != b and b != "?" and not is_meant(pattern, event, found)
    ]


@pytest.mark.parametrize("group", GROUPS, ids=[group["group"] for group in GROUPS])
def test_each_pattern_is_judged_as_by_awss_matcher(group: dict[str, Any]) -> None:
    events = group["events"]
    others = [
        difference
        for pattern, answer in group["answers"]
        for difference in differences(pattern, answered(pattern, events), recorded(answer), events)
    ]
    assert others == []


def test_the_answers_cover_what_they_should() -> None:
    answers = [answer for group in GROUPS for _, answer in group["answers"]]
    verdicts = "".join(recorded(answer) for answer in answers if not isinstance(answer, str))
    assert len(answers) > 1500
    assert min(verdicts.count("0"), verdicts.count("1")) > 10_000
    assert sum(isinstance(answer, str) for answer in answers) > 150


def test_the_place_of_a_fault_in_a_wildcard_is_told_as_by_awss_matcher() -> None:
    told = [
        (pattern, answer)
        for group in GROUPS
        for pattern, answer in group["answers"]
        if isinstance(answer, str) and " at pos " in answer
    ]
    assert told
    for pattern, answer in told:
        with pytest.raises(InputError, match=f"{answer}$"):
            compile_pattern(read_pattern(pattern))
