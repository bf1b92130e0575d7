"""Links that work once, and the cookies that they become."""

import pytest

from kinesis_cli.local.http.messages import Request
from kinesis_cli.local.live_page.door import (
    HEADERS,
    MAX_SESSIONS,
    MAX_TOKENS,
    PATH,
    Door,
    Session,
    is_at_home,
    is_navigation,
    is_of_page,
    room_and_name,
)
from kinesis_cli.local.server.live import PAGE_PATH, path_for_log

HOME = "127.0.0.1:4566"


def request(method: str = "GET", path: str = PATH, scheme: str = "http", **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method, path, path.encode(), "", {"host": HOME, **named}, b"", scheme)


def shown(session: Session) -> Request:
    """A request that shows a session's cookie in its room."""
    cookie = f"{session.name}={session.value}"
    return request(path=f"{PATH}{session.room}/state", cookie=cookie)


def test_a_token_is_good_for_one_session() -> None:
    door = Door()
    token, other = door.token(), door.token()
    session = door.session(token)
    assert session
    assert door.session(token) is None
    assert door.session(other) not in (None, session)
    for wrong in ("", "x", token[:-1], "\u00fc", "\ud800"):
        assert door.session(wrong) is None


def test_only_so_many_links_and_sessions_are_kept_the_newest() -> None:
    door = Door()
    tokens = [door.token() for _ in range(MAX_TOKENS + 1)]
    assert door.session(tokens[0]) is None
    assert door.session(tokens[1])
    sessions = [door.session(door.token()) for _ in range(MAX_SESSIONS + 1)]
    known = [door.knows(shown(each)) for each in sessions if each]
    assert known == [False, *[True] * MAX_SESSIONS]


def test_a_cookie_that_went_over_tls_goes_over_nothing_else() -> None:
    assert "Secure" not in Session.new().cookie(request())
    assert Session.new().cookie(request(scheme="https")).endswith("; Secure")


def test_a_session_is_known_in_its_own_room_by_its_own_cookie() -> None:
    door = Door()
    one, other = door.session(door.token()), door.session(door.token())
    assert one
    assert other
    assert door.knows(shown(one))
    beside = f"{one.name}=forged; {one.name}={one.value}"
    assert door.knows(request(path=f"{PATH}{one.room}/state", cookie=beside))
    assert not door.knows(shown(Session(other.room, one.name, one.value)))
    assert not door.knows(shown(Session(one.room, other.name, one.value)))
    assert not door.knows(request(cookie=f"{one.name}={one.value}"))
    assert not door.knows(request(path=f"{PATH}{one.room}/"))


def test_a_path_is_cut_into_the_room_and_what_is_asked_for_there() -> None:
    room = Session.new().room
    assert room_and_name(f"{PATH}{room}/state") == (room, "state")
    assert room_and_name(f"{PATH}{room}/") == (room, "")
    assert room_and_name(f"{PATH}{room}") == ("", room)
    assert room_and_name(PATH) == ("", "")
    assert room_and_name(f"{PATH}{room}/\n") == (room, "\n")


def test_the_log_does_not_tell_the_room() -> None:
    room = Session.new().room
    assert path_for_log(f"{PATH}{room}/state") == f"{PATH}…/state"
    assert path_for_log(f"{PATH}session") == f"{PATH}session"
    assert path_for_log("/") == "/"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:80", "localhost:4566", "[::1]:4566"])
def test_loopback_names_are_home(host: str) -> None:
    assert is_at_home(request(host=host))
    assert is_at_home(request(host=host, origin=f"http://{host}", sec_fetch_site="same-origin"))


@pytest.mark.parametrize(
    "host", ["", "kinesis:4566", "a.localhost", "127.0.0.2", "127.0.0.1:80x", "127.0.0.1\n", "[::]"]
)
def test_no_other_name_is(host: str) -> None:
    assert not is_at_home(request(host=host))
    assert not is_at_home(request(host=host, origin=f"http://{host}"))


def test_the_page_is_its_own_origin_only() -> None:
    assert is_of_page(request("POST", origin=f"http://{HOME}"))
    assert not is_of_page(request("POST"))
    assert not is_of_page(request("POST", scheme="https", origin=f"http://{HOME}"))
    assert not is_of_page(request("POST", origin=f"http://{HOME}", sec_fetch_site="same-site"))
    assert not is_of_page(request("POST", origin="http://localhost:4566"))


def test_only_the_way_to_the_page_itself_is_a_navigation() -> None:
    headers = {"sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert is_navigation(request(**headers))
    assert is_navigation(request(path=f"{PATH}{Session.new().room}/", **headers))
    assert not is_navigation(request(path=f"{PATH}state", **headers))
    assert not is_navigation(request("POST", **headers))
    assert not is_navigation(request(**{**headers, "sec_fetch_dest": "iframe"}))
    assert not is_navigation(request(sec_fetch_mode="no-cors", sec_fetch_dest="image"))


def test_no_script_and_no_style_may_stand_in_the_page_itself() -> None:
    assert "unsafe" not in HEADERS["content-security-policy"]


def test_the_server_knows_the_way() -> None:
    assert PAGE_PATH == PATH
