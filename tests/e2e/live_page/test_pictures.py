"""The pictures of the live page in the documentation are what it looks like."""

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from docs.alike import ALIKE, difference
from docs.make_live_page_pictures import PICTURES
from docs.make_report_picture import CHROMIUM

ROOT = Path(__file__).parents[3]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not on this machine"),
]


def test_the_pictures_in_the_docs_are_what_the_page_looks_like(
    browser: Browser, tmp_path: Path
) -> None:
    script = [sys.executable, str(ROOT / "docs" / "make_live_page_pictures.py"), str(tmp_path)]
    subprocess.run(script, capture_output=True, check=True)
    for name in PICTURES:
        made, kept = ((folder / name).read_bytes() for folder in (tmp_path, ROOT / "docs"))
        # the hours, the numbers and the length of each call differ from run to run
        assert difference(browser, made, kept) < ALIKE, f"{name} is stale: run `make docs`"
