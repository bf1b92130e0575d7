"""`make soak`: the live page in Chromium under 10,000 records a second; its memory stays flat.

``python -m benchmarks.live_page_soak [SECONDS]``, a minute or longer. Prints a line every quarter
minute; exit code 1 when the page's memory or its elements grew, a frame came late, or its count is
not exact.
"""

import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from threading import Event, Thread
from time import monotonic
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

from benchmarks.lasting import lasting
from benchmarks.local_function import TEMPLATE, client_of
from docs.make_live_page_pictures import kcli
from docs.make_report_picture import CHROMIUM

SECONDS = 600.0
RECORDS_PER_SECOND = 10_000
LEAST_SECONDS = 60.0  # so that there are looks in both parts that are compared
EVERY = 15.0  # seconds between two looks
WARM, LATE = (0.15, 0.4), (0.7, 1.0)  # shares of the time that are compared; first the lists fill
GROWTH = 1.15  # of memory and elements, the least of the one against the least of the other
MAX_WORK = 0.2  # share of a core that the page's thread may take
MAX_FRAME_MS = 1000.0  # the longest between two frames of a look, in half of the looks at least:
# the machine has the load and the server too
RECORDS_OF_A_CALL = 500

# One call in ten fails, and is tried again.
APP = """\
calls = 0


def handler(event, context):
    global calls
    calls += 1
    print(len(event["Records"]), "records")
    if calls % 10 == 0:
        raise ValueError("one call in ten")
"""

# How long the page was held up, at most, since it was asked last.
FRAMES = """
let last = performance.now(), longest = 0;
const frame = (now) => {
  longest = Math.max(longest, now - last);
  last = now;
  requestAnimationFrame(frame);
};
requestAnimationFrame(frame);
window.longestFrame = () => { const found = longest; longest = 0; return found; };
"""


@dataclass(frozen=True, slots=True)
class Held:
    """What the page holds after its garbage was collected."""

    heap: float  # MB of JavaScript
    elements: int
    listeners: int
    worked: float  # seconds of a core that the page's own thread has taken so far

    @classmethod
    def of(cls, devtools: CDPSession) -> "Held":
        """What it holds now."""
        for _ in range(2):  # elements that were removed go after what referred to them
            devtools.send("HeapProfiler.collectGarbage")
        answer = devtools.send("Performance.getMetrics")
        found = {each["name"]: each["value"] for each in answer["metrics"]}
        heap = found["JSHeapUsedSize"] / 1e6
        counts = int(found["Nodes"]), int(found["JSEventListeners"])
        return cls(round(heap, 2), *counts, round(found["ThreadTime"], 2))


class Load:
    """Puts records at an even rate, in a thread of its own."""

    def __init__(self, kinesis: Any) -> None:  # noqa: ANN401
        self._kinesis = kinesis
        self._stopped = Event()
        self._thread = Thread(target=self._put, daemon=True)
        self.put = 0
        self._thread.start()

    def stop(self) -> None:
        """Stop it; `put` is exact then."""
        self._stopped.set()
        self._thread.join()

    def _put(self) -> None:
        began, planned = monotonic(), 0
        while not self._stopped.wait(max(0.0, began + planned / RECORDS_PER_SECOND - monotonic())):
            entries = [
                {"Data": b'{"reading": %d}' % (planned + each), "PartitionKey": str(each)}
                for each in range(RECORDS_OF_A_CALL)
            ]
            answer = self._kinesis.put_records(StreamName="stream", Records=entries)
            self.put += RECORDS_OF_A_CALL - answer["FailedRecordCount"]
            planned += RECORDS_OF_A_CALL


def main(seconds: float) -> int:
    """Run it; the exit code."""
    if CHROMIUM is None:
        print("The live page is left out: Chromium is not on this machine.")
        return 0
    from kinesis_cli.local.client.process import stop_server
    from kinesis_cli.local.state import running_server

    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "src").mkdir()
        (project / "src" / "app.py").write_text(APP)
        (project / "template.yaml").write_text(TEMPLATE)
        kcli(project, "local", "start", "--detach", "--ui", "--no-open", "--shards", "4")
        try:
            told = kcli(project, "local", "ui", "--no-open")
            (link,) = re.findall(r"http://\S+#token=\S+", told)
            server = running_server(project / ".kcli")
            return _soak(link, client_of(server, "kinesis"), seconds)
        finally:
            stop_server(project / ".kcli")


def _soak(link: str, kinesis: Any, seconds: float) -> int:  # noqa: ANN401
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.add_init_script(FRAMES)
        page.goto(link)
        page.wait_for_selector("#connection[data-state=live]")
        devtools = page.context.new_cdp_session(page)
        devtools.send("Performance.enable")
        load = Load(kinesis)
        began, looks, frames = monotonic(), list[tuple[float, Held]](), list[float]()
        while (passed := monotonic() - began) < seconds:
            page.wait_for_timeout(EVERY * 1000)
            held, frame = Held.of(devtools), float(page.evaluate("window.longestFrame()"))
            looks.append((passed / seconds, held))
            frames.append(frame)
            print(f"{passed:6.0f} s  {load.put:>10,} put  {held}, {frame:.0f} ms", flush=True)
        load.stop()
        is_exact = _shows(page, load.put)
        held = Held.of(devtools)
        browser.close()
    warm, late = _least(looks, WARM), _least(looks, LATE)
    if warm is None or late is None:
        print("The looks took so long that there is nothing to compare: give it more seconds.")
        return 1
    flat = late.heap <= warm.heap * GROWTH and late.elements <= warm.elements * GROWTH
    work = held.worked / (monotonic() - began)
    print(
        f"{load.put / seconds:,.0f} records a second; from {warm} to {late}; worked {work:.0%}, "
        f"longest frame {median(frames):.0f} ms, once {max(frames):.0f} ms; count exact: {is_exact}"
    )
    is_quick = work <= MAX_WORK and median(frames) <= MAX_FRAME_MS
    return 0 if flat and is_exact and is_quick else 1


def _least(looks: Sequence[tuple[float, Held]], part: tuple[float, float]) -> Held | None:
    """The look of a part of the time at which the page held least; others saw what was going."""
    begin, end = part
    found = (held for share, held in looks if begin <= share <= end)
    return min(found, key=lambda held: held.heap, default=None)


def _shows(page: Page, count: int) -> bool:
    """Whether the page comes to show that so many were put."""
    from playwright.sync_api import expect

    figure = page.locator("#figures div", has_text="records put").locator("dd")
    try:
        expect(figure).to_have_text(f"{count:,}", timeout=60_000)
    except AssertionError:
        print(f"the page shows {figure.inner_text()} of {count:,}")
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(lasting(sys.argv[1:], SECONDS, LEAST_SECONDS)))
