"""Who may see the live page: a browser of this machine that was given a link, and nobody else."""

import pytest

from kinesis_cli.local.client.live_link import new_link
from kinesis_cli.local.state import Server
from tests.contract.live_page.browsers import PATH, Browser

HOSTILE_HOSTS = ["attacker.example", "attacker.example:4566", "kinesis", "10.0.0.7", "a.localhost"]
RESOURCES = ["state", "events", "index.html", "failures", "call?id=1", "no-such-file.js"]


def test_a_link_lets_in_once(server: Server) -> None:
    link = new_link(server)
    Browser(server).enter(link)
    again = Browser(server).post("session", {"token": link.partition("#token=")[2]})
    assert again.status == 403
    assert "used before" in again.document["problem"]
    assert "set-cookie" not in again.headers


def test_the_token_stands_where_no_request_has_it(server: Server) -> None:
    address, _, token = new_link(server).partition("#token=")
    assert address == f"{server.endpoint}{PATH}"
    assert len(token) >= 32  # 192 bits
    assert len(address) + len("#token=") + len(token) <= 80  # a line of a terminal


def test_the_cookie_is_for_a_path_that_nobody_else_knows_and_for_no_script(server: Server) -> None:
    token = new_link(server).partition("#token=")[2]
    answer = Browser(server).post("session", {"token": token})
    cookie, page = answer.headers["set-cookie"], answer.document["page"]
    name_and_value, *attributes = cookie.split("; ")
    assert name_and_value.startswith("kcli-")
    assert len(page) == 23  # 128 bits, and a slash
    assert set(attributes) == {"HttpOnly", "SameSite=Strict", f"Path={PATH}{page}"}
    assert token not in cookie


def test_each_session_has_a_path_and_a_cookie_of_its_own(server: Server) -> None:
    one, other = Browser(server).enter(), Browser(server).enter()
    assert one.path != other.path
    assert one.cookie["Cookie"].partition("=")[0] != other.cookie["Cookie"].partition("=")[0]
    assert Browser(server, one.cookie, other.path).get("state").status == 401
    assert Browser(server, one.cookie).get("state").status == 401  # at the entrance
    assert Browser(server, one.cookie, one.path).get("state").status == 200


def test_whether_a_path_is_a_sessions_is_not_told_without_its_cookie(
    server: Server, browser: Browser
) -> None:
    for name in ("", "state", "page.css", "main.js"):
        real = Browser(server, path=browser.path).get(name)
        other = Browser(server, path=f"{PATH}{'x' * 22}/").get(name)
        assert (real.status, real.body) == (other.status, other.body)


@pytest.mark.parametrize("name", RESOURCES)
def test_without_the_cookie_nothing_is_told(server: Server, name: str) -> None:
    answer = Browser(server).get(name)
    assert answer.status == 401
    assert "kcli local ui" in answer.document["advice"]


def test_another_cookie_is_none(server: Server, browser: Browser) -> None:
    name = browser.cookie["Cookie"].partition("=")[0]
    for value in ("", "x" * 43, "\u00e9"):
        guess = Browser(server, {"Cookie": f"{name}={value}"}, browser.path)
        assert guess.get("state").status == 401


def test_the_cookie_is_found_among_those_of_others(server: Server, browser: Browser) -> None:
    mine = browser.cookie["Cookie"]
    for cookies in (f'a="x; y"; {mine}; b=c', f"x={{}},{mine}"):  # HTTP/2 sends them apart
        assert Browser(server, {"Cookie": cookies}, browser.path).get("state").status == 200


def test_the_entrance_is_open_to_all_and_tells_nothing(server: Server) -> None:
    answer = Browser(server).get("")
    assert answer.status == 200
    assert b"enter.js" in answer.body
    assert server.token.encode() not in answer.body
    assert Browser(server).get("enter.js").status == 200


def test_every_answer_says_what_the_page_may_do(server: Server, browser: Browser) -> None:
    for answer in (
        *(Browser(server).get(name) for name in ("", "enter.js", "state")),
        *(browser.get(name) for name in ("", "state", "nothing.js", "nothing")),
        browser.post("nothing", {}),
        browser.get("state", Host="attacker.example"),
    ):
        policy = answer.headers["content-security-policy"].split("; ")
        assert policy[0] == "default-src 'none'"
        assert "frame-ancestors 'none'" in policy
        assert {each.partition(" ")[2] for each in policy} <= {"'none'", "'self'", "'self' data:"}
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("host", HOSTILE_HOSTS)
def test_a_name_that_somebody_bound_to_this_machine_leads_nowhere(
    server: Server, browser: Browser, host: str
) -> None:
    for name in ("", "enter.js", "state"):
        assert browser.get(name, Host=host).status == 403
    token = new_link(server).partition("#token=")[2]
    stranger = Browser(server)
    refused = stranger.post("session", {"token": token}, Host=host, Origin=f"http://{host}")
    assert refused.status == 403
    assert stranger.post("session", {"token": token}).status == 200  # and was not used up


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": ""},
        {"Origin": "null"},
        {"Origin": "http://attacker.example"},
        {"Origin": "http://127.0.0.1:1"},  # another port: the same site, and another's page
        {"Origin": "https://127.0.0.1"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "none"},
    ],
)
def test_only_the_page_itself_acts(
    server: Server, browser: Browser, headers: dict[str, str]
) -> None:
    before = browser.state["streams"]["streams"][0]["records"]
    put = {"stream": "orders", "key": "k", "data": "x"}
    assert browser.post("put", put, **headers).status == 403
    assert browser.post("faults", {"set": {"error": 1.0}}, **headers).status == 403
    token = new_link(server).partition("#token=")[2]
    assert Browser(server).post("session", {"token": token}, **headers).status == 403
    state = browser.state
    assert state["streams"]["streams"][0]["records"] == before
    assert state["faults"] == {}


def test_only_who_has_the_cookie_acts(server: Server) -> None:
    put = {"stream": "orders", "key": "k", "data": "x"}
    for path in (PATH, Browser(server).enter().path):
        assert Browser(server, path=path).post("put", put).status == 401
        assert Browser(server, path=path).post("faults", {"clear": True}).status == 401


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_gets_nothing_and_a_link_on_it_leads_to_the_entrance(
    server: Server, browser: Browser, site: str
) -> None:
    assert browser.get("state", Sec_Fetch_Site=site).status == 403
    assert browser.get("enter.js", Sec_Fetch_Site=site).status == 403
    framed = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"}
    assert browser.get("", **framed).status == 403
    link = {**framed, "Sec_Fetch_Dest": "document"}
    assert b"enter.js" in Browser(server).get("", **link).body


@pytest.mark.parametrize("name", ["../page.py", "%2e%2e/page.py", "..%2fpage.py", ".hidden.js", ""])
def test_only_files_of_the_page_are_served(browser: Browser, name: str) -> None:
    answer = browser.get(name)
    assert b"LivePage" not in answer.body
    assert answer.status == (404 if name else browser.get("index.html").status)


def test_other_methods_are_refused(browser: Browser) -> None:
    for method in ("PUT", "DELETE", "OPTIONS"):
        assert browser.send(method, "state", None, browser.own).status == 405


def test_the_endpoint_beside_refuses_web_pages_as_before(server: Server, browser: Browser) -> None:
    assert browser.send("GET", "/?Action=ListQueues", None, {}).status == 403
    assert browser.send("POST", "/", b"{}", browser.own).status == 403
    assert browser.send("POST", "/_kcli/status", b"{}", browser.own).status == 403
