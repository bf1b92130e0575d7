"""`kcli simulate --report` in Chromium: it draws, moves, tells, and asks nobody for anything."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, sync_playwright

from docs.alike import ALIKE, difference
from docs.make_report_picture import CHROMIUM, PICTURES
from tests import forks
from tests.e2e.programs import KCLI

ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not on this machine"),
]

PAYLOAD = '</script><img src=x onerror=\\"alert(1)\\">\u202etxt'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # as root, as in a container, Chromium has no sandbox; the page is our own
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the project's own example."""
    return made(tmp_path_factory.mktemp("report"), "simulate", str(ROOT / "fixtures/batch.json"))


def made(folder: Path, *command: str) -> Path:
    path = folder / "run.html"
    done = forks.run([*KCLI, *command, "--report", str(path)], ROOT)
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def page(browser: Browser, report: Path) -> Iterator[Page]:
    yield from opened(browser, report)


def opened(browser: Browser, path: Path) -> Iterator[Page]:
    """The page of a report; at its end nothing was asked of anybody and no error was told."""
    context = browser.new_context(bypass_csp=False, viewport={"width": 1000, "height": 800})
    shown = context.new_page()
    asked, told, dialogs = list[str](), list[str](), list[str]()
    shown.on("request", lambda request: asked.append(request.url))
    shown.on("console", lambda message: told.append(message.text))
    shown.on("pageerror", lambda error: told.append(str(error)))
    shown.on("dialog", lambda dialog: dialogs.append(dialog.message))
    shown.goto(path.as_uri())
    yield shown
    assert asked == [path.as_uri()]
    assert told == []
    assert dialogs == []
    context.close()


def colours(page: Page) -> int:
    """How many different colours the timeline has."""
    return int(
        page.evaluate(
            """() => {
              const canvas = document.getElementById("timeline");
              const { width, height } = canvas;
              const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
              const seen = new Set();
              for (let i = 0; i < data.length; i += 4) seen.add(data.slice(i, i + 4).join());
              return seen.size;
            }"""
        )
    )


def test_it_says_what_happened_and_draws_it(page: Page) -> None:
    assert page.inner_text("h1") == "new_message_processor.handler.function_handler (in-process)"
    assert page.inner_text("#endings").split() == ["succeeded", "18", "discarded", "2"]
    assert "18 calls in 3.49 s" in page.inner_text("#summary")
    assert "some reported" in page.inner_text("#legend")
    assert colours(page) > 5


def test_it_zooms_moves_and_comes_back(page: Page) -> None:
    whole = page.inner_text("#range")
    page.click("#in")
    zoomed = page.inner_text("#range")
    assert zoomed != whole
    page.focus("#timeline")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#range") not in (whole, zoomed)
    page.keyboard.press("+")
    page.keyboard.press("0")
    assert page.inner_text("#range") == whole


def test_it_is_dragged(page: Page) -> None:
    page.click("#in")
    before = page.inner_text("#range")
    box = page.locator("#timeline").bounding_box()
    assert box is not None
    y = box["y"] + 30
    page.mouse.move(box["x"] + 600, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, y, steps=4)
    page.mouse.up()
    assert page.inner_text("#range") != before
    assert page.is_hidden("#call")  # a drag is no click


def test_a_failed_call_tells_its_batch_and_its_reason(page: Page) -> None:
    page.click("#next")
    text = page.inner_text("#call")
    assert "some reported" in text
    assert "reported 1 of 7; retry from" in text
    assert "Records: 4966" in text
    page.click("#next")
    assert page.inner_text("#call") != text


def test_a_click_on_a_call_chooses_it(page: Page) -> None:
    box = page.locator("#timeline").bounding_box()
    assert box is not None
    # the last call of shard 0, at the right end of its row
    page.mouse.click(box["x"] + box["width"] - 14, box["y"] + 32)
    assert "Call " in page.inner_text("#call")
    assert "shardId-000000000000" in page.inner_text("#call")


def test_a_failed_record_tells_its_life(page: Page) -> None:
    page.click("#failed tbody tr:nth-child(1) button")
    life = page.inner_text("#life")
    assert "It ended: discarded" in life
    assert life.count("call ") == 6


def test_all_calls_stand_in_a_table(page: Page) -> None:
    page.click("#calls-details summary")
    page.locator("#calls tbody tr").last.wait_for()
    assert page.locator("#calls tbody tr").count() == 18
    assert page.inner_text("#page") == "0 to 17 of 18"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_screen_reader_has_nothing_serious_to_stumble_over(
    browser: Browser, report: Path, scheme: str
) -> None:
    # axe is put into the page, which the page's own policy forbids
    context = browser.new_context(bypass_csp=True, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(report.as_uri())
    page.click("#next")
    page.click("#calls-details summary")
    page.click("#failed tbody tr:nth-child(1) button")
    found = Axe().run(page).response["violations"]
    context.close()
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []


@pytest.mark.parametrize("name", PICTURES)
def test_the_picture_in_the_docs_is_what_the_page_looks_like(browser: Browser, name: str) -> None:
    script = [sys.executable, str(ROOT / "docs" / "make_report_picture.py"), "-", name]
    made = subprocess.run(script, capture_output=True, check=True).stdout
    kept = (ROOT / "docs" / name).read_bytes()
    assert difference(browser, made, kept) < ALIKE, "stale: run `make docs`"


def test_a_narrow_window_does_not_scroll_sideways(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_in_print_there_are_no_tools(page: Page) -> None:
    page.emulate_media(media="print")
    assert page.is_hidden(".tools >> nth=0")
    assert page.is_visible("#timeline")


def test_record_data_does_nothing_in_the_page(browser: Browser, tmp_path: Path) -> None:
    records = tmp_path / "lines.ndjson"
    records.write_text(f'{{"temperature": "{PAYLOAD}"}}\n')
    path = made(tmp_path, "simulate", str(records), "--maximum-retry-attempts", "1")
    for page in opened(browser, path):
        assert "</script><img src=x onerror=" in page.inner_text("#failed")
        assert "\u202e" not in page.inner_text("body")
        page.click("#documents summary")
        assert "RetryAttemptsExhausted" in page.inner_text("#documents pre")


def test_what_lint_says_of_the_mapping_stands_in_it(browser: Browser, tmp_path: Path) -> None:
    template = ("--template", str(ROOT / "fixtures/lint/template.yaml"))
    batch = str(ROOT / "fixtures/batch.json")
    path = made(tmp_path, "simulate", batch, *template, "--until", "+60")
    for page in opened(browser, path):
        assert "error K001 Retries have no limit" in page.inner_text("#findings")
    other = ("--mapping", str(ROOT / "fixtures/mappings/bisect.yaml"))
    (tmp_path / "other").mkdir()
    path = made(tmp_path / "other", "simulate", batch, *template, *other)
    for page in opened(browser, path):
        assert page.is_hidden("#findings-section")


def test_many_calls_are_drawn_together(browser: Browser, tmp_path: Path) -> None:
    records = tmp_path / "many.ndjson"
    line = '{"temperature": 20.5, "readingTimestamp": 1764000000000}\n'
    records.write_text(line * 10_500)
    path = made(tmp_path, "simulate", str(records), "--batch-size", "1")
    for page in opened(browser, path):
        assert "10,500 calls" in page.inner_text("#summary")
        assert colours(page) > 5
        page.click("#in")
        page.click("#calls-details summary")
        page.get_by_text("too many for a page").wait_for()


# --- a call, and a check


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of one call, in which two records fail."""
    return made(tmp_path_factory.mktemp("call"), "invoke", str(ROOT / "fixtures/batch.json"))


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a check that finds something."""
    path = tmp_path_factory.mktemp("check") / "check.html"
    command = ("check", "fixtures/batch.json", "--handler", "fixtures/hasty.py:handler")
    more = ("--report-batch-item-failures", "--no-tests", "--max-examples", "5")
    done = forks.run([*KCLI, *command, *more, "--report", str(path)], ROOT)
    assert done.returncode == 1, done.stderr
    return path


def test_a_call_is_told_with_its_records_answer_and_log(browser: Browser, call: Path) -> None:
    for page in opened(browser, call):
        assert (
            page.inner_text("h1") == "new_message_processor.handler.function_handler (in-process)"
        )
        text = page.inner_text("main")
        assert "20 records: 2 failed" in text
        assert text.count("batchItemFailures") == 2  # in a heading and in the answer
        assert "TemperatureTooHighError" in text
        assert page.locator("table").count() == 2
        assert page.locator("tbody tr").count() == 22
        assert "New message is for temperature" in page.inner_text("pre >> nth=1")
        page.set_viewport_size({"width": 360, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_check_is_told_with_what_broke_each_property(browser: Browser, check: Path) -> None:
    for page in opened(browser, check):
        assert page.inner_text("h1").startswith("Check of fixtures/hasty.py:handler")
        text = page.inner_text("main")
        assert "✗ one-bad-record: the whole call fails" in text
        assert "Lambda then: " in text
        assert "--only one-bad-record" in text
        assert "--report" not in page.inner_text("pre >> nth=-1").split()
        page.set_viewport_size({"width": 360, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_screen_reader_reads_a_call_and_a_check(
    browser: Browser, call: Path, check: Path, scheme: str
) -> None:
    assert serious(browser, call, scheme) == []
    assert serious(browser, check, scheme) == []


# --- several mappings


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of two mappings: one tries for hours, the other gives up soon."""
    return made(
        tmp_path_factory.mktemp("compared"),
        *("simulate", str(ROOT / "fixtures/poison.ndjson"), "--start-at", "+600"),
        *("--handler", str(ROOT / "fixtures/strict.py") + ":handler", "--until", "+1200"),
        *("--compare", str(ROOT / "fixtures/mappings/bisect.yaml")),
    )


def test_mappings_stand_side_by_side_on_the_same_time(browser: Browser, compared: Path) -> None:
    for page in opened(browser, compared):
        assert page.inner_text("#compared-title").endswith("2 mappings")
        assert page.locator("#comparison tbody tr").count() > 8
        assert "records discarded" in " ".join(page.locator(".differs").all_inner_texts())
        assert page.inner_text("#title") == "AWS's defaults"
        assert page.inner_text("#title-2").endswith("bisect.yaml")
        assert page.inner_text("#range") == page.inner_text("#range-2")
        page.click("#in-2")
        assert page.inner_text("#range") != page.inner_text("#range-2")
        page.click("#next-2")
        assert "failed" in page.inner_text("#call-2")
        assert page.is_hidden("#call")
        page.click("#failed-2 tbody button")
        assert "It ended: discarded" in page.inner_text("#life-2")
        assert page.locator("text=The same again >> visible=true").count() == 1
        page.set_viewport_size({"width": 1400, "height": 800})
        wide = page.locator("article >> nth=1").bounding_box()
        assert wide is not None
        assert wide["x"] > 600
        page.set_viewport_size({"width": 360, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_screen_reader_reads_a_comparison(browser: Browser, compared: Path, scheme: str) -> None:
    assert serious(browser, compared, scheme) == []


def serious(browser: Browser, path: Path, scheme: str) -> list[str]:
    """What axe finds of a page that is serious or worse."""
    # axe is put into the page, which the page's own policy forbids
    context = browser.new_context(bypass_csp=True, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(path.as_uri())
    found = Axe().run(page).response["violations"]
    context.close()
    return [each["id"] for each in found if each["impact"] in ("serious", "critical")]


# --- a sweep


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a small sweep, one point of which does not keep up."""
    folder = tmp_path_factory.mktemp("sweep")
    records = folder / "day.ndjson"
    made_up = ("event", "--count", "2000", "--interval", "0.02", "--sensors", "5")
    forks.run([*KCLI, *made_up, "-o", str(records)], ROOT).check_returncode()
    grid = ("--sweep", "BatchSize=1,5,20,100", "--sweep", "MaximumBatchingWindowInSeconds=0,2,8")
    model = ("--invocation-duration", "0.1+0.001/record", "--batch-size", "20")
    handler = ("--handler", str(ROOT / "fixtures" / "strict.py") + ":handler")
    return made(folder, "simulate", str(records), *handler, *grid, *model)


def test_a_sweep_is_drawn_with_its_front_and_its_recommendation(
    browser: Browser, swept: Path
) -> None:
    for page in opened(browser, swept):
        assert page.inner_text("h1").replace("\u200b", "").startswith("Sweep of BatchSize, Max")
        assert page.locator("#plot .recommended").count() == 1
        assert page.locator("#plot .front").count() >= 1
        assert page.locator("#plot .own").count() == 1
        assert "do not keep up" in page.inner_text("#not-drawn")
        assert page.locator("#points tbody tr").count() == 12
        assert page.locator("#points tr.best").count() == 1
        assert "the given settings" in page.inner_text("#legend")


def test_a_point_of_a_sweep_is_chosen_by_click_and_by_key(browser: Browser, swept: Path) -> None:
    for page in opened(browser, swept):
        first = page.inner_text("#point")
        assert "recommended" in first
        page.locator("#plot .other").last.click()
        clicked = page.inner_text("#point")
        assert "another is cheaper and fresher" in clicked
        page.focus("#plot")
        page.keyboard.press("ArrowLeft")
        assert page.inner_text("#point") not in (first, clicked)
        assert "USD" in page.inner_text("#point")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_screen_reader_reads_a_sweep(browser: Browser, swept: Path, scheme: str) -> None:
    assert serious(browser, swept, scheme) == []
    for page in opened(browser, swept):
        assert "All points stand in a table" in str(page.get_attribute("#plot", "aria-label"))


def test_a_sweep_fits_a_phone(browser: Browser, swept: Path) -> None:
    for page in opened(browser, swept):
        page.set_viewport_size({"width": 360, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert page.locator("#plot .recommended").count() == 1
