"""Who may come in, on a machine and in a container."""

import pytest

from kinesis_cli.local.http.messages import Request
from kinesis_cli.local.server.strangers import Strangers

ON_A_MACHINE = ["127.0.0.1", "localhost:4566", "[::1]:4566", "bucket.localhost:4566"]
IN_A_CONTAINER = [
    "kinesis",
    "kinesis:4566",
    "my_project-kinesis-1:4566",
    "172.18.0.2:4566",
    "[fd00::2]:4566",
    "host.docker.internal:4566",
    "kinesis.tests.svc",
    "kinesis.tests.svc.cluster.local:4566",
]
PUBLIC_NAMES = [
    "",
    "attacker.example",
    "localhost.attacker.example",
    "127.0.0.1.attacker.example",
    "svc.attacker.example",
    "kinesis:4566@attacker.example",
    "attacker.example:4566",
    "kinesis\n:4566",
]


def is_refused(host: str, *, in_container: bool, **headers: str) -> bool:
    request = Request(
        method="POST",
        path="/",
        raw_path=b"/",
        query_string="",
        headers={"host": host, **headers},
        body=b"",
        scheme="http",
    )
    return Strangers(in_container).refusal(request) is not None


@pytest.mark.parametrize("host", ON_A_MACHINE)
def test_loopback_names_are_ours_everywhere(host: str) -> None:
    assert not is_refused(host, in_container=False)
    assert not is_refused(host, in_container=True)


@pytest.mark.parametrize("host", IN_A_CONTAINER)
def test_the_names_that_neighbours_have_for_a_container_are_ours_only_there(host: str) -> None:
    assert is_refused(host, in_container=False)
    assert not is_refused(host, in_container=True)


@pytest.mark.parametrize("host", PUBLIC_NAMES)
def test_a_name_that_a_web_page_could_bind_to_this_address_is_never_ours(host: str) -> None:
    assert is_refused(host, in_container=False)
    assert is_refused(host, in_container=True)


def test_a_web_page_of_another_container_is_refused_too() -> None:
    assert is_refused("kinesis:4566", in_container=True, origin="http://web:8080")
