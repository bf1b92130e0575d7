"""The files of the live page: they take no HTML from data, and need nothing from elsewhere."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

STATIC = Path(str(files("kinesis_cli.local.live_page") / "static"))
REPORT = Path(str(files("kinesis_cli.show.pictures") / "page")) / "report.css"
SCRIPTS = sorted(STATIC.glob("*.js"))
PAGES = sorted(STATIC.glob("*.html"))
# what would take a text for HTML or for a script
DANGEROUS = (
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment"
    r"|DOMParser|setHTML|\beval\b|new Function|setAttribute\(\"(style|on|src|href)"
)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_takes_no_text_for_html(path: Path) -> None:
    assert re.findall(DANGEROUS, path.read_text()) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_has_no_script_or_style_within_it(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son\w+=", text)
    assert not re.search(r"(src|href)=\"(?!#|[\w.-]+\")", text)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_imports_only_what_lies_beside_it(path: Path) -> None:
    for name in re.findall(r"\bfrom \"([^\"]+)\"", path.read_text()):
        assert (STATIC / name).is_file()
        assert name.startswith("./")
    assert not re.search(r"https?://", path.read_text())


def test_the_page_has_the_colours_of_the_report() -> None:
    def colours(path: Path) -> list[str]:
        return re.findall(r"--[a-z]+: #[0-9a-f]{6}", path.read_text())

    assert colours(STATIC / "page.css") == colours(REPORT)


def test_all_files_of_the_page_together_are_small() -> None:
    assert sum(path.stat().st_size for path in STATIC.iterdir()) < 100_000
