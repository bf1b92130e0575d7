"""The live page in Chromium: what it shows of streams, records, calls and their logs."""

import json
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from docs.make_report_picture import CHROMIUM
from kinesis_cli.simulation.words import duration_cell, number_cell, shard_cell
from tests.e2e.live_page.shop import MILLISECONDS, Shop, packed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not on this machine"),
    pytest.mark.xdist_group("live-page-shown"),
]
expect.set_options(timeout=MILLISECONDS)

HOSTILE = b'</script><img src=x onerror="alert(1)">\xe2\x80\xaetxt\x1b[2J\x00\xc2\x9b31m'


def figure(page: Page, name: str) -> int:
    """One of the figures at the top."""
    value = page.locator("#figures div", has=page.locator("dt", has_text=re.compile(f"^{name}$")))
    return int(value.locator("dd").inner_text().replace(",", ""))


def test_streams_and_shards_stand_in_tables_with_their_functions(page: Page, shop: Shop) -> None:
    shop.put(b"one", b"two")
    shop.wait()
    stream = page.locator("#streams-table tbody tr")
    expect(stream).to_have_count(1)
    expect(stream).to_contain_text("orders")
    expect(stream).to_contain_text("Bill")
    expect(stream).to_contain_text("Enabled")
    page.click("#shards-part summary")
    expect(page.locator("#shards tbody tr")).to_have_count(2)
    expect(page.locator("#shards tbody")).to_contain_text("orders/1")


def test_counts_are_exact_though_not_every_record_is_listed(page: Page, shop: Shop) -> None:
    page.wait_for_selector("#figures dd")
    before = figure(page, "records put")
    shop.put(*(b"record %d" % number for number in range(2345)))
    wanted = f"{before + 2345:,}"
    expect(page.locator("#figures div", has_text="records put").locator("dd")).to_have_text(wanted)
    shop.wait()
    assert 0 < page.locator("#records tbody tr").count() <= 100
    assert page.locator("#calls > details").count() <= 60


def test_a_record_appears_with_its_payload_opened_and_marked(page: Page, shop: Shop) -> None:
    shop.put(packed('{"city": "Bonn"}'), key="packed")
    row = page.locator("#records tbody tr", has_text="Bonn")
    expect(row.first).to_contain_text('[gzip] {"city": "Bonn"}')
    expect(row.first).to_contain_text("packed")


def test_record_data_does_nothing_in_the_page(page: Page, shop: Shop) -> None:
    shop.put(HOSTILE, key="\u202ekey<b>")
    row = page.locator("#records tbody tr", has_text="onerror").first
    expect(row).to_contain_text('</script><img src=x onerror="alert(1)">')
    expect(row).to_contain_text(r"\u202e")
    row.locator("button").click()
    expect(page.locator("#life pre")).to_contain_text("onerror")
    text = page.inner_text("body")
    assert not re.search("[\u202e\x1b\x00\x9b]", text)
    assert page.evaluate("document.images.length") == 0
    assert page.evaluate("document.scripts.length") == 1


def test_a_record_tells_its_life_and_the_focus_comes_back(page: Page, shop: Shop) -> None:
    (number,) = shop.put(b"a record with a life")
    shop.wait()
    button = page.locator("#records tbody tr", has_text="a record with a life").locator("button")
    button.focus()
    page.keyboard.press("Enter")
    life = page.locator("#life")
    expect(life).to_contain_text(number)
    expect(life).to_contain_text("a record with a life")
    expect(life).to_contain_text("It ended: handled")
    page.keyboard.press("Escape")
    expect(life).to_be_hidden()
    expect(button).to_be_focused()


def test_a_call_has_its_log_behind_its_request(page: Page, shop: Shop) -> None:
    shop.put(b"logged once")
    shop.wait()
    expect(page.locator("#calls > details").first).to_be_visible()
    details = page.locator("#calls > details").first
    details.locator("summary").click()
    expect(details.locator("pre")).to_contain_text("billing")
    expect(details).to_contain_text("Request id ")
    details.locator(".numbers button").first.click()
    expect(page.locator("#life")).to_contain_text("The life of a record")


def test_a_call_by_invoke_is_listed_with_its_log(page: Page, shop: Shop) -> None:
    expect(page.locator("#connection")).to_have_text("live")
    record = {"kinesis": {"data": "cG9pc29uIGJ5IGhhbmQ="}}  # poison by hand
    payload = json.dumps({"Records": [record]})
    shop.client("lambda").invoke(FunctionName="Bill", Payload=payload)
    shop.wait()
    call = page.locator("#invoked > details").first
    expect(call).to_contain_text("failed")
    expect(call).to_contain_text("answer waited for")
    expect(page.locator("#invoked-count")).to_have_text(
        "1 call by Invoke since the server was started."
    )
    call.locator("summary").click()
    expect(call.locator("pre")).to_contain_text("poison by hand")


def test_only_what_failed_is_listed_on_demand(page: Page, shop: Shop) -> None:
    shop.put(b"good", b"poison of this list")
    shop.wait()
    page.check("#only-problems")
    page.mouse.move(0, 0)
    expect(page.locator("#calls > details").first).to_contain_text("failed")
    assert page.locator("#calls > details", has_text="handled").count() == 0
    page.locator("#calls > details").first.locator("summary").click()
    expect(page.locator("#calls > details").first).to_contain_text("this cannot be billed")


def test_the_timeline_draws_calls_and_tells_the_chosen_one(page: Page, shop: Shop) -> None:
    shop.put(b"poison on the timeline")
    shop.wait()
    expect(page.locator("#legend")).to_contain_text("f: failed")
    expect(page.locator("#legend")).to_contain_text("D: given up")
    assert colours(page) > 5
    page.focus("#timeline")
    page.keyboard.press("ArrowLeft")
    card = page.locator("#call")
    expect(card).to_contain_text("Bill, orders/")
    chosen = card.inner_text()
    page.keyboard.press("ArrowLeft")
    expect(card).not_to_have_text(chosen)
    card.get_by_role("button").click()
    expect(card).to_contain_text("Request id ")


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


def test_nothing_unknown_is_shown_as_if_it_were_something(page: Page, shop: Shop) -> None:
    shop.put(b"poison that is told of", b"another")
    shop.wait()
    expect(page.locator("#said li").first).to_contain_text("Bill shard ")
    expect(page.locator("#failures > li").first).to_be_visible()
    page.click("#shards-part summary")
    page.locator("#calls > details summary").first.click()
    page.locator("#calls > details pre").first.wait_for()
    page.locator("#records button").first.click()
    page.locator("#life ol").wait_for()
    text = page.evaluate("document.body.textContent")
    assert not re.search(r"undefine|NaN|\bnull\b|\[object|Infinity|Invalid Date", text)


def test_another_window_of_time_is_asked_for(page: Page) -> None:
    with page.expect_request(re.compile(r"events\?window=600")):
        page.select_option("#window", "600")
    expect(page.locator("#connection")).to_contain_text("live")


def test_paused_the_page_stands_still_and_then_catches_up(page: Page, shop: Shop) -> None:
    page.wait_for_selector("#figures dd")
    page.click("#pause")
    expect(page.locator("#connection")).to_contain_text("paused")
    before = figure(page, "records put")
    shop.put(b"while it was paused")
    shop.wait()
    with page.expect_response(re.compile("/state$")):
        page.evaluate("fetch('./state')")
    assert figure(page, "records put") == before
    page.click("#pause")
    expect(page.locator("#figures")).to_contain_text(f"{before + 1:,}")
    expect(page.locator("#records tbody")).to_contain_text("while it was paused")


def test_the_list_stands_still_while_one_reads_in_it(page: Page, shop: Shop) -> None:
    shop.put(b"before")
    expect(page.locator("#records tbody")).to_contain_text("before")
    page.focus("#records-feed")
    first = page.locator("#records tbody tr").first.inner_text()
    shop.put(b"after")
    expect(page.locator("#records-count")).to_contain_text("The list stands still")
    assert page.locator("#records tbody tr").first.inner_text() == first
    page.focus("#pause")
    expect(page.locator("#records tbody")).to_contain_text("after")


def test_numbers_are_told_as_the_terminal_tells_them(page: Page) -> None:
    seconds = [0, 0.004, 0.42, 9.999, 59.99, 59.996, 61, 3661, 86399.7, 90061, 864000]
    shards = ["shardId-000000000000", "shardId-000000000120", "shardId-x", "other"]
    shards += ["shardId-00000001764366840123-00ab12cd", "shardId-00000001764366840123-00000000"]
    numbers = ["1", "1234567890123", "49500000000000000000000000000000000000000000000000012345"]
    told = page.evaluate(
        """async ([seconds, shards, numbers]) => {
          const { duration, numberOf, shardOf } = await import("./words.js");
          return [...seconds.map(duration), ...shards.map(shardOf), ...numbers.map(numberOf)];
        }""",
        [seconds, shards, numbers],
    )
    wanted = [*map(duration_cell, seconds), *map(shard_cell, shards), *map(number_cell, numbers)]
    assert told == wanted


def test_of_many_shards_it_says_how_many_are_left_out(browser: Browser, wide_shop: Shop) -> None:
    entries = [{"Data": b"one", "PartitionKey": str(number)} for number in range(500)]
    wide_shop.client("kinesis").put_records(StreamName="orders", Records=entries)
    wide_shop.wait()
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(MILLISECONDS)
    page.goto(wide_shop.link())
    expect(page.locator("#figures")).to_contain_text("500")
    page.click("#shards-part summary")
    expect(page.locator("#shards-left")).to_contain_text("6 more shards")
    shards = page.locator("#shards tbody")
    expect(shards).to_contain_text("orders: 6 more, less busy")
    assert "none" not in shards.inner_text()  # a function takes the records of all of them
    expect(page.locator("#legend")).to_contain_text("more shards not drawn")
    context.close()
