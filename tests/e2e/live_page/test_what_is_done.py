"""The live page in Chromium: records put, redriven, faults switched; and the server going away."""

import os
import re
import signal
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from docs.make_report_picture import CHROMIUM
from kinesis_cli.local.client.process import stop_server
from kinesis_cli.local.state import IN_PROJECT, running_server
from tests.e2e.live_page.shop import MILLISECONDS, Shop, Watched

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not on this machine"),
    pytest.mark.xdist_group("live-page-done"),
]
expect.set_options(timeout=MILLISECONDS)


@pytest.fixture(autouse=True)
def without_faults(shop: Shop) -> Iterator[None]:
    yield
    shop.faults("off")
    shop.faults("clock", "reset")


def test_a_record_is_put_from_the_form(page: Page) -> None:
    page.fill("#put-key", "sensor-7")
    page.fill("#put-data", "put by hand </b>")
    page.click("#put button")
    answer = page.locator("#put-answer")
    expect(page.locator("#put [type=submit]")).to_be_focused()
    expect(answer).to_contain_text(re.compile(r"Put on orders/[01], sequence number …\d+"))
    expect(page.locator("#records tbody")).to_contain_text("put by hand </b>")
    answer.get_by_role("button").click()
    expect(page.locator("#life")).to_contain_text("partition key sensor-7")


def test_what_kinesis_refuses_is_said_in_words(seen: Watched) -> None:
    page = seen.page
    page.fill("#put-key", "")
    page.click("#put button")
    answer = page.locator("#put-answer[data-kind=problem]")
    expect(answer).to_contain_text("partitionKey")
    page.fill("#put-key", "k")
    page.check("#put-base64")
    page.fill("#put-data", "not base64!")
    page.click("#put button")
    expect(answer).to_contain_text("not base64")
    seen.refused(400)


def test_a_document_is_redriven_by_click_when_one_is_sure(page: Page, shop: Shop) -> None:
    shop.put(b"poison for the queue", b"and its neighbour")
    shop.wait()
    document = page.locator("#failures > li", has_text="RetryAttemptsExhausted")
    expect(document).to_have_count(1)
    expect(page.locator("#failures-count")).to_have_text("1 document in order-failures")
    document.get_by_role("button", name=re.compile("^Redrive")).click()
    asks = page.locator("#ask")
    expect(asks).to_contain_text("on stream orders again")
    asks.get_by_role("button", name="Leave it").click()
    expect(asks).to_be_hidden()
    assert page.inner_text("#failures-answer") == ""

    document.get_by_role("button", name=re.compile("^Redrive")).click()
    asks.get_by_role("button", name="Redrive").click()
    expect(page.locator("#failures-answer")).to_contain_text("on orders again")
    expect(page.locator("#failures-answer")).to_contain_text("the document was deleted")
    expect(page.locator("#failures-answer")).to_be_focused()
    shop.wait()  # it fails again, of course
    expect(document).to_have_count(1)


def test_faults_are_switched_on_and_off_here_and_there(page: Page, shop: Shop) -> None:
    def act(what: Callable[[], None]) -> str:
        """Do something to the faults; those that are on then."""
        with page.expect_response(re.compile("/faults$")):
            what()
        return shop.faults()

    page.get_by_label("Fail a share of the entries of PutRecords: how").fill("25")
    fail = page.get_by_label("Fail a share of the entries of PutRecords", exact=True)
    assert "fail: 0.25" in act(fail.check)
    page.get_by_label("Refuse reads from and writes to: how").select_option("orders/1")
    throttle = page.get_by_label("Refuse reads from and writes to", exact=True)
    assert "throttle: orders/shardId-000000000001" in act(throttle.check)
    assert "clock: 360" in act(page.get_by_role("button", name="Clock 6 minutes on").click)
    expect(page.locator("#faults")).to_contain_text("The clock is ahead by 0:06:00")
    assert "clock" not in act(page.get_by_role("button", name="Clock to real time").click)
    assert "No faults" in act(page.get_by_role("button", name="All off").click)
    expect(fail).not_to_be_checked()

    shop.faults("delay", "250ms")
    delay = page.get_by_label("Wait before each answer", exact=True)
    expect(delay).to_be_checked()
    expect(page.get_by_label("Wait before each answer: how")).to_have_value("250")
    assert "No faults" in act(delay.uncheck)


def test_a_fault_that_cannot_be_is_said_in_words(seen: Watched) -> None:
    page = seen.page
    page.get_by_label("Answer a share of the requests with 500: how").fill("200")
    box = page.get_by_label("Answer a share of the requests with 500", exact=True)
    box.click()
    expect(page.locator("#faults-answer")).to_contain_text("share, from 0 to 1")
    expect(box).not_to_be_checked()
    seen.refused(400)


# --- the server goes away


@pytest.fixture
def own_page(browser: Browser, own_shop: Shop) -> Iterator[Page]:
    """The page of a server of its own."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(MILLISECONDS)
    page.goto(own_shop.link())
    page.wait_for_selector("#connection[data-state=live]")
    yield page
    context.close()


def test_the_page_says_that_the_server_has_ended(own_page: Page, own_shop: Shop) -> None:
    own_shop.put(b"the last one")
    expect(own_page.locator("#records tbody")).to_contain_text("the last one")
    stop_server(own_shop.kcli.folder / IN_PROJECT)
    expect(own_page.locator("#connection")).to_have_text("ended")
    expect(own_page.locator("#notice")).to_contain_text("The server has ended")
    expect(own_page.locator("#records tbody")).to_contain_text("the last one")
    assert "ended" in own_page.inner_text("#spoken")


def test_of_a_stream_that_was_deleted_its_mapping_still_stands_there(
    own_page: Page, own_shop: Shop
) -> None:
    own_shop.put(b"the last one")
    expect(own_page.locator("#records tbody")).to_contain_text("the last one")
    own_shop.client("kinesis").delete_stream(StreamName="orders")
    row = own_page.locator("#streams-table tbody tr", has_text="orders, not there")
    expect(row).to_contain_text("Problem: Stream orders under account")
    own_page.locator("#records tbody button").first.click()
    expect(own_page.locator("#life")).to_contain_text("There is no stream of this name any more.")
    own_page.keyboard.press("Escape")
    own_page.click("#put button")
    expect(own_page.locator("#put-answer")).to_have_text("There is no stream to put it on.")


def test_a_lost_connection_is_said_and_a_new_server_asks_for_a_new_link(
    own_page: Page, own_shop: Shop
) -> None:
    server = running_server(own_shop.kcli.folder / IN_PROJECT)
    assert server is not None
    os.kill(server.pid, signal.SIGKILL)
    expect(own_page.locator("#connection")).to_have_text("connection lost")
    expect(own_page.locator("#notice")).to_contain_text("tries again by itself")
    own_shop.start()  # on the same port, as ever
    expect(own_page.locator("#notice")).to_contain_text("kcli local ui")
    own_page.goto(own_shop.link())
    expect(own_page.locator("#connection")).to_have_text("live")


def test_a_connection_that_was_cut_comes_back_by_itself(own_page: Page, own_shop: Shop) -> None:
    own_page.context.set_offline(True)
    own_page.select_option("#window", "600")  # which asks for the events anew
    expect(own_page.locator("#connection")).to_have_text("connection lost")
    own_page.context.set_offline(False)
    expect(own_page.locator("#connection")).to_have_text("live")
    own_shop.put(b"after the cut")
    expect(own_page.locator("#records tbody")).to_contain_text("after the cut")
    expect(own_page.locator("#notice")).to_be_hidden()
