"""`kcli docs`: the pages on a terminal, in a pipe and in a browser."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kinesis_cli.manual.topics import GROUPS, page, rules, topics
from kinesis_cli.show.manual.page import rendered
from kinesis_cli.show.manual.readable import readable
from tests.e2e.programs import KCLI, Kcli, Terminal

ROOT = Path(__file__).parents[2]
WORD = re.compile(r"\w{3,}")


def printed(kcli: Kcli, *arguments: str) -> str:
    done = kcli("docs", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_each_page_of_the_documentation_is_a_topic() -> None:
    assert sorted(topics()) == sorted(each.stem for each in (ROOT / "docs").glob("*.md"))


def test_topics_are_listed_with_their_titles(kcli: Kcli) -> None:
    listed = printed(kcli)
    for pages in GROUPS.values():
        for title, topic in pages.items():
            assert re.search(rf"^  {topic} +{re.escape(title)}$", listed, re.MULTILINE)
    assert max(map(len, listed.splitlines())) <= 80


@pytest.mark.parametrize("topic", topics())
def test_a_page_is_whole_in_a_pipe_and_without_any_style(topic: str) -> None:
    text = page(topic).text
    shown = rendered(text, topics(), 80, is_styled=False)
    assert "\x1b" not in shown
    lines = [line.strip() for line in shown.splitlines()]
    for code in re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in code.splitlines():
            assert line.strip() in lines  # each can be copied
    closed = re.sub(r"[\s│]", "", shown)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    words = WORD.findall(re.sub(r"\]\([^)]*\)|<!--.*?-->|!\[", "", prose))
    if "|---" not in text:  # a table's words may go on below, beside those of another cell
        assert [word for word in words if word not in closed] == []
    assert "…" not in shown or "…" in text


def test_prose_fits_its_columns(kcli: Kcli) -> None:
    for topic in ("tutorial", "poison-record", "reading-a-delivery"):
        text = printed(kcli, topic)
        prose = [line for line in text.splitlines() if not line.startswith("  ")]
        assert max(len(line) for line in prose if "://" not in line) <= 80


def test_links_lead_on_where_there_is_no_browser() -> None:
    text = "[one](lint.md#k003) [two](https://x.org/a) [three](../README.md) ![four](a.svg) <https://y.org>"
    expected = "one (`kcli docs lint`) [two](https://x.org/a) three *Picture: four* https://y.org"
    assert readable(text, ["lint"], is_plain=False) == expected
    code = "```sh\n[a](b)\n```"
    assert readable(code, ["b"], is_plain=True) == code


def test_addresses_in_a_table_stand_below_the_page() -> None:
    row = "| [one](https://x.org/a) | [two](https://x.org/b), [three](https://x.org/a) |"
    shown = rendered(f"| a | b |\n|---|---|\n{row}\n", [], 80, is_styled=False)
    assert re.search(r"one \[1\] +two \[2\], three \[1\]", shown)
    assert shown.splitlines()[-3:] == ["[1] https://x.org/a", "", "[2] https://x.org/b"]


def test_a_long_address_stays_whole_in_a_list_and_a_quote() -> None:
    address = "https://docs.example.org/" + "a" * 90
    for mark in ("", "- ", "1. ", "> "):
        assert address in rendered(f"{mark}see {address}\n", [], 40, is_styled=False)
    code = "- do this\n\n      " + "x" * 90
    assert "x" * 90 in rendered(code, [], 40, is_styled=False)


def test_a_rule_is_a_topic_of_its_own(kcli: Kcli) -> None:
    assert {"K001", "K026"} <= {*rules()}
    shown = printed(kcli, "k003")
    assert "K003" in shown
    assert "K004" not in shown
    assert "Source:" in printed(kcli, rules()[-1])


@pytest.mark.parametrize(
    ("topic", "near"),
    [
        ("tutoral", "`kcli docs tutorial`"),
        ("poison", "`kcli docs poison-record`"),
        ("K099", "`kcli docs K0"),
        ("../README", "`kcli docs` lists"),
        ("\x1b[31m", "`kcli docs` lists"),
        ("", "`kcli docs` lists"),
    ],
)
def test_an_unknown_topic_is_a_sentence_with_the_nearest_ones(
    topic: str, near: str, kcli: Kcli
) -> None:
    done = kcli("docs", topic)
    assert (done.returncode, done.stdout) == (2, "")
    assert near in done.stderr
    assert "\x1b" not in done.stderr


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    """A browser that writes down what it opens."""
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/opened\n')
    program.chmod(0o755)
    return program


def test_a_page_of_the_site_is_opened_on_a_terminal(
    terminal: Callable[..., Terminal], browser: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", str(browser))
    monkeypatch.setenv("KCLI_DOCS_URL", "https://docs.example.org/kcli/")
    shown = terminal(*KCLI, "docs", "tutorial").read_all()
    assert "opened https://docs.example.org/kcli/tutorial.html" in shown
    assert "Ten minutes" not in shown
    assert (browser.parent / "opened").read_text() == (
        "https://docs.example.org/kcli/tutorial.html\n"
    )


def test_in_a_pipe_the_page_is_printed_unless_the_browser_is_asked_for(
    kcli: Kcli, browser: Path
) -> None:
    given = {"BROWSER": str(browser), "KCLI_DOCS_URL": "https://docs.example.org"}
    assert "Ten minutes" in kcli("docs", "tutorial", **given).stdout
    assert not (browser.parent / "opened").exists()
    opened = kcli("docs", "K003", "--web", **given)
    assert (opened.returncode, opened.stdout) == (0, "")
    assert (browser.parent / "opened").read_text() == "https://docs.example.org/K003.html\n"


def test_without_a_site_or_a_browser_the_page_is_printed_and_it_is_said_why(kcli: Kcli) -> None:
    nothing = {"BROWSER": "", "DISPLAY": "", "WAYLAND_DISPLAY": "", "SSH_CONNECTION": "x"}
    done = kcli("docs", "tutorial", "--web", **nothing)
    assert "Ten minutes" in done.stdout
    assert "no address of the site is known (KCLI_DOCS_URL)" in done.stderr
    done = kcli("docs", "tutorial", "--web", KCLI_DOCS_URL="https://x.org", **nothing)
    assert "Ten minutes" in done.stdout
    assert "there is no browser to open https://x.org/tutorial.html" in done.stderr


@pytest.mark.parametrize("pager", ["cat", "no-such-pager", ""])
def test_on_a_terminal_a_page_goes_through_the_pager_or_is_printed(
    pager: str, terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGER", pager)
    monkeypatch.setenv("NO_COLOR", "1")
    shown = terminal(*KCLI, "docs", "tutorial", "--no-web").read_all()
    assert "Ten minutes" in shown
    assert "[36m" not in shown


def test_a_pager_that_is_left_early_is_no_failure(
    terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGER", "head -n 3")
    started = terminal(*KCLI, "docs", "cli-reference", "--no-web")
    shown = started.read_all()
    assert "Command line reference" in shown
    assert "Traceback" not in shown
    assert started.process.wait() == 0
