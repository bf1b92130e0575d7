"""Pages without a script: whatever stands in them is text."""

import base64
import hashlib
import re

from kinesis_cli import EventSourceMapping
from kinesis_cli.event_source_mapping.invocation import FunctionError, InvocationResult
from kinesis_cli.handlers.invoke_once import SingleInvocation
from kinesis_cli.show.pictures.call_report import MAX_RECORDS, MAX_TEXT, call_page
from kinesis_cli.show.pictures.check_report import check_page
from kinesis_cli.show.pictures.told import Part, told_page
from kinesis_cli.testing.search.report import CheckReport, Failure, PropertyResult
from tests.unit.streams import record

HOSTILE = "</pre><script>alert(1)</script>\u202e\x1b[2J@STYLE@ &amp;"


def is_harmless(page: str) -> bool:
    return not re.search("<script|\u202e|\x1b", page) and "&lt;script&gt;" in page


def test_every_text_of_a_page_is_text() -> None:
    part = Part(HOSTILE, [HOSTILE], [HOSTILE], [[HOSTILE]], f"{HOSTILE}\nsecond")
    page = told_page(HOSTILE, [HOSTILE], [(HOSTILE, HOSTILE)], [part])
    assert is_harmless(page)
    assert page.count("&lt;script&gt;") == 10  # the title stands twice
    assert "\nsecond</pre>" in page
    assert "@STYLE@" in page  # of the text: no place for another part


def test_only_the_pages_own_style_may_be_used() -> None:
    page = told_page("x", [], [], [])
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.S)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'"


def call(count: int, result: InvocationResult, failed: int = 0) -> str:
    records = tuple(record(n, data=HOSTILE, key="a&b") for n in range(count))
    found = SingleInvocation(
        "app.handler", "in-process", "id", records, result, records[:failed], ""
    )
    return call_page(found, "template.yaml", "told", "kcli invoke")


def test_a_call_of_hostile_records_is_harmless() -> None:
    error = FunctionError("Oops", HOSTILE, stack_trace=(HOSTILE,))
    page = call(3, InvocationResult(error=error, logs=(HOSTILE,)), failed=1)
    assert is_harmless(page)
    assert '<h2 id="part-1">Error</h2>' in page
    assert page.count(">failed</td>") == 3  # a call that fails fails all


def test_a_large_call_is_cut_and_says_so() -> None:
    page = call(MAX_RECORDS + 7, InvocationResult("x" * (MAX_TEXT + 100)))
    assert "7 more records" in page
    assert "more characters" in page
    assert page.count("<tr>") == MAX_RECORDS + 1
    assert len(page) < 1_000_000


def test_a_check_of_hostile_records_is_harmless() -> None:
    one = record(0, data=HOSTILE)
    failure = Failure(HOSTILE, (one, one), (one,), (2,), (HOSTILE,), (HOSTILE,), None)
    report = CheckReport(
        handler="app.handler",
        runtime="in-process",
        handler_origin="template.yaml",
        mapping=EventSourceMapping.from_aws({}).to_aws(),
        mapping_origin="template.yaml",
        samples_origin="day.ndjson",
        samples=1,
        seed=0,
        batches=9,
        results=(
            PropertyResult("one", "it holds", "held"),
            PropertyResult("two", "it does not", "failed", failure=failure),
            PropertyResult("three", "it was left out", "left out", "why"),
        ),
        command="kcli check",
    )
    page = check_page(report, None)
    assert is_harmless(page)
    for word in ("✓ holds", "✗ does not hold", "– left out", "kcli check --only two", "2 times"):
        assert word in page
