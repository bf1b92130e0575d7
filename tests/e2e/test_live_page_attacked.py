"""The live page in Chromium, beside a page that attacks it from another port: the same site."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from docs.make_report_picture import CHROMIUM
from kinesis_cli.local.client.live_link import new_link, write_entrance
from kinesis_cli.local.state import Server, read_server
from tests.contract.live_page import browsers
from tests.patience import PATIENCE
from tests.servers import ours_in

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not on this machine"),
]

# Tries whatever a page can do with an address, and tells what came of it.
ATTACK = """async ([home, patience]) => {
  const told = {};
  const form = { stream: "orders", key: "k", data: "stolen" };
  const tries = {
    read: () => fetch(`${home}state`, { credentials: "include" }).then((r) => r.text()),
    blind: () => fetch(`${home}state`, { credentials: "include", mode: "no-cors" })
      .then((r) => r.text()),
    put: () => fetch(`${home}put`, {
      method: "POST", credentials: "include", mode: "no-cors", body: JSON.stringify(form),
    }).then((r) => r.text()),
    json: () => fetch(`${home}put`, {
      method: "POST", credentials: "include", body: JSON.stringify(form),
      headers: { "Content-Type": "application/json" },
    }).then((r) => r.text()),
    faults: () => navigator.sendBeacon(`${home}faults`, '{"set": {"error": 1}}') && "",
    events: () => new Promise((done, failed) => {
      const source = new EventSource(`${home}events`, { withCredentials: true });
      source.addEventListener("state", (event) => done(event.data));
      source.onerror = () => { source.close(); failed(new Error("refused")); };
    }),
    script: () => new Promise((done, failed) => {
      const script = document.createElement("script");
      script.onload = () => done("loaded"); script.onerror = () => failed(new Error("refused"));
      script.src = `${home}main.js`; document.head.append(script);
    }),
    frame: () => new Promise((done) => {
      const frame = document.createElement("iframe");
      frame.onload = () => { try { done(frame.contentDocument.body.innerText); }
        catch (error) { done(""); } };
      frame.src = home; document.body.append(frame);
    }),
    submit: () => new Promise((done) => {
      const frame = document.createElement("iframe"); frame.name = "there";
      const form = document.createElement("form");
      form.method = "post"; form.enctype = "text/plain"; form.target = "there";
      form.action = `${home}put`;
      const input = document.createElement("input");
      input.name = '{"stream":"orders","key":"k","data":"'; input.value = '"}';
      form.append(input); document.body.append(frame, form);
      frame.onload = () => done(""); form.submit();
    }),
  };
  for (const [name, attempt] of Object.entries(tries)) {
    const enough = new Promise((done) => setTimeout(done, patience, ""));  // it hangs
    try { told[name] = await Promise.race([attempt(), enough]); } catch (error) { told[name] = ""; }
  }
  return told;
}"""


class Elsewhere(BaseHTTPRequestHandler):
    """A page of another server on this machine, at each path; it keeps each cookie that it gets."""

    got: ClassVar[list[str]] = []
    given: ClassVar[list[str]] = []  # cookies that it gives

    def do_GET(self) -> None:
        self.got.append(self.headers.get("Cookie", ""))
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        for each in self.given:
            self.send_header("Set-Cookie", each)
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title><body>")

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:  # noqa: ANN401
        """Say nothing."""


@pytest.fixture
def elsewhere() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()
    Elsewhere.got.clear()
    Elsewhere.given.clear()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    state = tmp_path_factory.mktemp("state")
    with ours_in(state, "--in-memory", "--stream", "orders=1"):
        server = read_server(state)
        assert server is not None
        yield server


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # as root, as in a container, Chromium has no sandbox; the pages are our own
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def entered(chromium: Browser, server: Server) -> Iterator[BrowserContext]:
    """A browser in which the live page was opened, by the file that `kcli local ui` writes."""
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    link = new_link(server)
    page.goto(write_entrance(server, link).as_uri())
    page.wait_for_url(re.compile(re.escape(f"{server.endpoint}{browsers.PATH}") + ".+/$"))
    page.wait_for_function("document.cookie === '' && document.querySelector('main')")
    page.wait_for_load_state()
    token = link.partition("#token=")[2]
    assert token not in page.content()
    assert token not in str(page.evaluate("[location.href, document.referrer, history.length]"))
    yield context
    context.close()


@pytest.fixture
def home(entered: BrowserContext) -> str:
    """Where the live page is in this browser."""
    return entered.pages[0].url


def records(server: Server) -> int:
    count: int = browsers.Browser(server).enter().state["streams"]["streams"][0]["records"]
    return count


def test_the_file_leads_to_the_page_and_the_cookie_stays_there(
    entered: BrowserContext, home: str
) -> None:
    (cookie,) = entered.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (
        *(True, "Strict"),
        urlsplit(home).path,
    )
    page = entered.new_page()
    page.goto(home)  # without a link, from now on
    assert page.evaluate("fetch('./state').then((answer) => answer.status)") == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "attacker.localhost"])
def test_a_page_of_another_server_reads_nothing_and_does_nothing(
    entered: BrowserContext, home: str, server: Server, elsewhere: int, host: str
) -> None:
    before = records(server)
    page = entered.new_page()
    page.goto(f"http://{host}:{elsewhere}/")
    for name in ("127.0.0.1", "localhost"):  # even one that knew where the page is
        there = home.replace("127.0.0.1", name)
        told = page.evaluate(ATTACK, [there, 2_000])
        assert told == dict.fromkeys(told, ""), told
    assert records(server) == before
    assert browsers.Browser(server).enter().state["faults"] == {}


@pytest.mark.parametrize("path", ["/", browsers.PATH, f"{browsers.PATH}state", "/_kcli/ui/x/y"])
def test_another_server_is_not_sent_the_cookie_and_cannot_overwrite_it(
    entered: BrowserContext, home: str, elsewhere: int, path: str
) -> None:
    (cookie,) = entered.cookies()
    Elsewhere.given += [
        f"{name}=forged; Path={there}"
        for name in ("kcli", "kcli-ui", cookie["name"])
        for there in ("/", "/_kcli", browsers.PATH)
    ]
    page = entered.new_page()
    page.goto(f"http://127.0.0.1:{elsewhere}{path}")
    page.evaluate("fetch(location.href, { method: 'POST', credentials: 'include' })")
    assert len(Elsewhere.got) >= 2
    assert cookie["value"] not in " ".join(Elsewhere.got)
    assert cookie["value"] not in page.evaluate("document.cookie")
    page.goto(home)  # the page goes on, whatever stands beside its cookie
    assert page.evaluate("fetch('./state').then((answer) => answer.status)") == 200


def test_what_keeps_the_cookie_from_others_is_its_path(
    entered: BrowserContext, home: str, elsewhere: int
) -> None:
    (cookie,) = entered.cookies()
    page = entered.new_page()
    page.goto(f"http://127.0.0.1:{elsewhere}{urlsplit(home).path}")  # as if it had been told
    assert cookie["value"] in " ".join(Elsewhere.got)


def test_the_attack_succeeds_where_it_is_no_attack(
    entered: BrowserContext, home: str, server: Server
) -> None:
    page = entered.new_page()
    page.goto(f"{home}state")  # the page's own origin, without its policy
    told = page.evaluate(ATTACK, [home, PATIENCE * 1000])
    assert '"streams"' in told["read"]
    assert '"number"' in told["json"]
    browsers.Browser(server).enter().post("faults", {"clear": True})
