import pytest

from kinesis_cli.local.neighbours.loopback_only import is_loopback


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8000/x", "https://localhost/", "http://[::1]:1/", "http://127.9.9.9"],
)
def test_this_machine_is_told_by_its_names(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://example.com/",
            "http://10.0.0.1/",
            "http://169.254.169.254/latest",
            "http://0.0.0.0",
        ),
        *("http://localhost.example.com", "http://127.0.0.1@example.com/", "http://[fe80::1]/"),
        *("", "http://", "http://[", "http://127.0.0.1.example.com", "http://2130706433.example"),
    ],
)
def test_everybody_else_is_elsewhere(url: str) -> None:
    assert not is_loopback(url)
