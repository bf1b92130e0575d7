"""The project of these tests: its function, its streams, and how they are asked."""

import gzip
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.session import Session
from playwright.sync_api import BrowserContext, Page

from tests.e2e.programs import Kcli
from tests.patience import PATIENCE
from tests.templates import fed_function

MILLISECONDS = PATIENCE * 1000

TEMPLATE = fed_function(
    "Bill",
    shards=2,
    failures="order-failures",
    settings={"BatchSize": 100, "MaximumRetryAttempts": 1},
)
# Fails on what says so.
APP = """\
import base64


def handler(event, context):
    for record in event["Records"]:
        data = base64.b64decode(record["kinesis"]["data"])
        print("billing", data[:40])
        if b"poison" in data:
            raise ValueError("this cannot be billed")
"""


class Shop:
    """The local streams.

    Args:
        kcli: runs commands in the project.

    Attributes:
        endpoint: their URL.
        page_url: where the page is for a browser that was let in.
    """

    def __init__(self, kcli: Kcli) -> None:
        self.kcli = kcli
        self.endpoint = self.page_url = ""

    def start(self, *options: str) -> None:
        """Start them with their page."""
        started = self.kcli("local", "start", "--detach", "--ui", "--no-open", *options)
        assert started.returncode == 0, started.stderr
        status = self.kcli("local", "status", "--output", "json")
        self.endpoint = str(json.loads(status.stdout)["endpoint"])

    def link(self) -> str:
        """A link that lets a browser in once."""
        done = self.kcli("local", "ui", "--no-open")
        (link,) = re.findall(r"http://\S+#token=\S+", done.stdout)
        return str(link)

    def put(self, *data: bytes, key: str = "k") -> list[str]:
        """Put records; their sequence numbers."""
        client = self.client("kinesis")
        numbers = []
        for start in range(0, len(data), 500):
            entries = [{"Data": each, "PartitionKey": key} for each in data[start : start + 500]]
            answer = client.put_records(StreamName="orders", Records=entries)
            assert answer["FailedRecordCount"] == 0
            numbers += [each["SequenceNumber"] for each in answer["Records"]]
        return numbers

    def wait(self) -> None:
        """Wait until every record was handled or given up."""
        done = self.kcli("local", "wait", "--idle", "--timeout", str(PATIENCE))
        assert done.returncode == 0, done.stderr

    def faults(self, *verb: str) -> str:
        """What `kcli local faults` says."""
        return self.kcli("local", "faults", *verb).stdout

    def client(self, service: str) -> Any:  # noqa: ANN401 - botocore makes classes as it runs
        session = Session()
        session.set_credentials("local", "local")
        region = "us-east-1"
        return session.create_client(service, region_name=region, endpoint_url=self.endpoint)


def packed(text: str) -> bytes:
    """As gzip."""
    return gzip.compress(text.encode(), mtime=0)


@dataclass
class Watched:
    """A page, and what it did besides.

    Attributes:
        page: in the browser.
        asked: URLs that were asked for.
        told: lines on the console, and errors.
        dialogs: of JavaScript.
    """

    page: Page
    asked: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def open(self, url: str) -> None:
        """Go there, and wait until it is alive."""
        self.page.goto(url)
        self.page.wait_for_selector("#connection[data-state=live]")
        self.page.wait_for_selector("#streams-table tbody tr")

    def refused(self, status: int) -> None:
        """Take it that a request was refused, which Chromium tells on the console."""
        line = re.compile(rf"Failed to load resource: .* status of {status} ")
        found = [told for told in self.told if line.search(told)]
        assert found, self.told
        self.told = [told for told in self.told if told not in found]


@contextmanager
def watched(context: BrowserContext, url: str) -> Iterator[Watched]:
    """A page that must be silent and ask nobody but `url`."""
    page = context.new_page()
    page.set_default_timeout(MILLISECONDS)
    seen = Watched(page)
    page.on("request", lambda request: seen.asked.append(request.url))
    page.on("console", lambda message: seen.told.append(message.text))
    page.on("pageerror", lambda error: seen.told.append(str(error)))
    page.on("dialog", lambda dialog: seen.dialogs.append(dialog.message))
    yield seen
    assert [each for each in seen.asked if not each.startswith(url)] == []
    assert seen.told == []
    assert seen.dialogs == []
