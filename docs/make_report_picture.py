"""Draws docs/report.png, the beginning of a report in Chromium, where that is: `make docs`.

With ``-`` the picture goes to standard output instead; a test compares the two.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
WIDTH, HEIGHT = 1000, 740


def picture() -> bytes:
    """The beginning of the report of fixtures/batch.json, as PNG."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "run.html"
        command = [sys.executable, "-m", "kinesis_cli", "simulate", "fixtures/batch.json"]
        subprocess.run([*command, "--report", str(path)], cwd=ROOT, check=True, capture_output=True)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--hide-scrollbars"]
            )
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.goto(path.as_uri())
            image = page.screenshot()
            browser.close()
    return image


if __name__ == "__main__":
    if CHROMIUM is None:
        sys.exit("docs/report.png stays as it is: Chromium is not on this machine.")
    if sys.argv[1:] == ["-"]:
        sys.stdout.buffer.write(picture())
    else:
        (ROOT / "docs" / "report.png").write_bytes(picture())
