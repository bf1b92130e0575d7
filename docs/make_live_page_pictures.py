"""Draws the pictures of the live page of `kcli local`, in Chromium, where that is: `make docs`.

With a folder they go there; a test compares. A delivery takes another time each time, so in docs a
picture stays as it is while it is alike.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from docs.alike import ALIKE, difference
from docs.make_report_picture import CHROMIUM, ROOT
from tests.templates import fed_function

PICTURES = ("live-page.png", "live-page-record.png")
MILLISECONDS = 240_000  # that anything may take

TEMPLATE = fed_function(
    "Billing",
    shards=4,
    failures="order-failures",
    settings={
        "BatchSize": 5,
        "MaximumRetryAttempts": 3,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    },
)
APP = """\
import base64
import json
import time


def handler(event, context):
    failed = []
    for record in event["Records"]:
        order = json.loads(base64.b64decode(record["kinesis"]["data"]))
        time.sleep(0.1)
        if order["amount"] is None:
            print(f"order {order['order']} has no amount")
            failed.append({"itemIdentifier": record["kinesis"]["sequenceNumber"]})
        elif order["city"] == "":
            raise ValueError(f"order {order['order']} has no city")
        else:
            print(f"order {order['order']} billed")
    return {"batchItemFailures": failed}
"""
CITIES = ("Bonn", "Kyoto", "Lima", "Nairobi", "Oslo", "Porto")
KCLI = (sys.executable, "-m", "kinesis_cli")

# What differs from machine to machine.
SAME_EVERYWHERE = """() => {
  const where = document.getElementById("where");
  where.textContent = where.textContent
    .replace(/127\\.0\\.0\\.1:\\d+/, "127.0.0.1:4566").replace(/ [^ ]*(?=.shop.\\.kcli)/, " ~");
}"""


def make(folder: Path) -> None:
    """Write the pictures there."""
    with shop() as project, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--hide-scrollbars"]
        )
        page = _page(browser, project, 1400, 1000, "light")
        _keep(browser, folder / PICTURES[0], page.screenshot())
        page = _page(browser, project, 1000, 700, "dark")
        page.locator("#failures button.number-button").first.click()
        page.locator("#life ol li").first.wait_for()
        _keep(browser, folder / PICTURES[1], page.screenshot())
        browser.close()


def _keep(browser: Browser, path: Path, image: bytes) -> None:
    if not path.exists() or difference(browser, image, path.read_bytes()) >= ALIKE / 2:
        path.write_bytes(image)


@contextmanager
def shop() -> Iterator[Path]:
    """A project whose function has been fed with orders, some of them bad."""
    with TemporaryDirectory() as folder:
        project = Path(folder) / "shop"
        (project / "src").mkdir(parents=True)
        (project / "template.yaml").write_text(TEMPLATE)
        (project / "src" / "app.py").write_text(APP)
        (project / "orders.ndjson").write_text("".join(_orders()))
        kcli(project, "local", "start", "--detach", "--ui", "--no-open")
        try:
            kcli(project, "put", "--from", "orders.ndjson", "--raw", "--key-field", "order")
            kcli(project, "local", "wait", "--idle")
            yield project
        finally:
            kcli(project, "local", "stop")


def _orders() -> Iterator[str]:
    random = Random(5)
    for number in range(1000, 1240):
        amount = None if number in (1060, 1111, 1190) else round(random.uniform(5, 200), 2)
        city = "" if number == 1150 else random.choice(CITIES)
        yield json.dumps({"order": number, "amount": amount, "city": city}) + "\n"


def _page(
    browser: Browser, project: Path, width: int, height: int, scheme: Literal["light", "dark"]
) -> Page:
    (link,) = re.findall(r"http://\S+#token=\S+", kcli(project, "local", "ui", "--no-open"))
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.set_default_timeout(MILLISECONDS)
    page.goto(link)
    page.locator("#failures > li button").first.wait_for()
    page.locator("#records tbody tr").first.wait_for()
    page.evaluate(SAME_EVERYWHERE)
    return page


def kcli(project: Path, *arguments: str) -> str:
    """What a command of kcli prints in a project; that it fails is an error."""
    done = subprocess.run(
        [*KCLI, *arguments], cwd=project, check=True, capture_output=True, text=True
    )
    return done.stdout


if __name__ == "__main__":
    if CHROMIUM is None:
        sys.exit("The pictures of the live page stay as they are: Chromium is not here.")
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs")
