"""Some bytes of an object over real HTTP: each is asked for once, and only of one version."""

import pytest

from kinesis_cli.errors import EndpointError, InputError
from kinesis_cli.places import ranges, reading, services
from kinesis_cli.places.ranges import NoRangesError, RemoteRanges
from kinesis_cli.places.url import Url
from tests.object_server import Objects, object_server
from tests.unit.places.test_reading import SERVICES, credentials, url_of

pytestmark = pytest.mark.slow
__all__ = ["credentials"]  # a fixture

BODY = bytes(range(256)) * 400


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_PAUSES", (0,) * 3)
    monkeypatch.setattr(services, "_made", {})
    monkeypatch.setattr(ranges, "_GAP", 10)
    monkeypatch.setattr(ranges, "_TOGETHER", 1_000)


def objects(**more: object) -> Objects:
    return Objects({"/bucket/a": BODY}, tags={"/bucket/a": '"one"'}, **more)  # type: ignore[arg-type]


@SERVICES
def test_what_is_wanted_is_asked_for_together_and_once(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = objects()
    spans = [(0, 100), (100, 100), (205, 5), (5_000, 700), (5_700, 200), (5_900, 200), (9_000, 1)]
    with object_server(served) as endpoint:
        found = RemoteRanges(url_of(service, endpoint, monkeypatch))
        found.want(spans)
        for _ in range(2):
            for start, length in reversed(spans):
                assert found.read(start, length) == BODY[start : start + length]
        assert found.read(150, 57) == BODY[150:207]  # of two spans
        found.close()
    assert served.asked == [
        "bytes=9000-9000",
        "bytes=5900-6099",
        "bytes=5000-5899",
        "bytes=0-209",
    ]


@SERVICES
def test_what_nobody_wanted_is_read_too_and_the_end_is_the_end(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with object_server(objects()) as endpoint:
        found = RemoteRanges(url_of(service, endpoint, monkeypatch))
        found.want([(10, 5)])
        assert found.read(8, 20) == BODY[8:28]
        assert found.read(len(BODY) - 3, 50) == BODY[-3:]
        assert found.read(len(BODY), 50) == b""
        found.close()


@SERVICES
def test_a_connection_that_is_lost_in_a_part_is_made_again(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with object_server(objects(cut_after=[300, 200])) as endpoint:
        found = RemoteRanges(url_of(service, endpoint, monkeypatch))
        found.want([(1_000, 900)])
        assert found.read(1_000, 900) == BODY[1_000:1_900]
        found.close()


@SERVICES
def test_parts_of_another_version_are_refused(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = objects()
    with object_server(served) as endpoint:
        found = RemoteRanges(url_of(service, endpoint, monkeypatch))
        found.want([(0, 10), (50_000, 10)])
        assert found.read(0, 10) == BODY[:10]
        served.bodies["/bucket/a"], served.tags["/bucket/a"] = BODY[::-1], '"two"'
        with pytest.raises(InputError, match="it changed while it was read"):
            found.read(50_000, 10)
        found.close()


def test_a_server_that_tells_a_time_only_is_asked_again_whether_it_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served = Objects({"/bucket/a": BODY}, tags={"/bucket/a": 'W/"weak"'})
    with object_server(served) as endpoint:
        found = RemoteRanges(Url(f"{endpoint}/bucket/a"))
        assert found.read(0, 10) == BODY[:10]
        served.tags["/bucket/a"] = 'W/"another"'
        with pytest.raises(InputError, match="it changed while it was read"):
            found.read(0, 10)


@pytest.mark.parametrize("behaviour", [{"has_ranges": False}, {"tells_size": False}])
def test_a_server_that_gives_no_parts_is_not_asked_for_all_of_it(
    behaviour: dict[str, bool],
) -> None:
    gives_none = pytest.raises(NoRangesError, match="the server gives no parts of it")
    with object_server(objects(**behaviour)) as endpoint, gives_none:
        RemoteRanges(Url(f"{endpoint}/bucket/a")).read(5, 5)


@SERVICES
def test_a_service_that_refuses_a_part_is_an_error_of_the_service(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = objects()
    with object_server(served) as endpoint:
        found = RemoteRanges(url_of(service, endpoint, monkeypatch))
        served.statuses += [403] * 20
        with pytest.raises(EndpointError):
            found.read(0, 10)
