"""Draws the pictures of pages for a browser, in Chromium, where that is: `make docs`.

With ``- NAME`` one picture goes to standard output instead; a test compares.
"""

import shlex
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
# a minute of a recording that is the same each time
MINUTE = "event --count 3600 --interval 0.0166 --sensors 20 --seed 1"
PICTURES = {
    "report.png": "simulate fixtures/batch.json",
    "sweep.png": "simulate {minute} --handler fixtures/strict.py:handler --batch-size 10 "
    "--sweep BatchSize=2,5,10,25,50,100,500 --sweep MaximumBatchingWindowInSeconds=0,1,2,5,10 "
    "--invocation-duration 0.05+0.002/record",
}

WITHOUT_FOLDER = """() => {
  const source = document.getElementById("source");
  if (source) source.textContent = source.textContent.replace(/[^ ]*\\/(?=[^\\/]*$)/, "");
}"""


def picture(name: str) -> bytes:
    """The beginning of a page, as PNG."""
    with TemporaryDirectory() as folder:
        minute, path = Path(folder) / "minute.ndjson", Path(folder) / "run.html"
        if "{minute}" in PICTURES[name]:
            _kcli(f"{MINUTE} --output ndjson -o {minute}")
        _kcli(f"{PICTURES[name].format(minute=minute)} --report {path}")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--hide-scrollbars"]
            )
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.goto(path.as_uri())
            page.evaluate(WITHOUT_FOLDER)  # which differs from machine to machine
            image = page.screenshot()
            browser.close()
    return image


def _kcli(command: str) -> None:
    arguments = [sys.executable, "-m", "kinesis_cli", *shlex.split(command)]
    subprocess.run(arguments, cwd=ROOT, check=True, capture_output=True)


if __name__ == "__main__":
    if CHROMIUM is None:
        sys.exit("The pictures of pages stay as they are: Chromium is not on this machine.")
    if sys.argv[1:2] == ["-"]:
        sys.stdout.buffer.write(picture(sys.argv[2]))
    else:
        for name in PICTURES:
            (ROOT / "docs" / name).write_bytes(picture(name))
