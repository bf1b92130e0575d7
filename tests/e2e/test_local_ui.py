"""The way to the live page: the link that kcli prints, and the browser that it opens."""

import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kinesis_cli.local.state import ENTRANCE_FILE, Server, read_server
from tests.contract.live_page.browsers import Browser
from tests.e2e.programs import KCLI, Completed, Kcli, Terminal
from tests.named_pipes import Told, told_in
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

TEMPLATE = """\
Resources:
  Orders: {Type: AWS::Kinesis::Stream, Properties: {Name: orders, ShardCount: 1}}
"""
# What kcli takes for a browser: says which arguments it was given, and what stands in the file.
BROWSER = """\
import json, sys, urllib.parse
page = open(urllib.parse.urlsplit(sys.argv[1]).path).read()
with open({fifo!r}, "w") as told:
    print(json.dumps([sys.argv[1:], page]), file=told)
"""


@pytest.fixture
def working_directory(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "template.yaml").write_text(TEMPLATE)
    return folder


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """A pipe in which the user's browser tells what it was opened with."""
    fifo = tmp_path / "opened"
    (tmp_path / "browser.py").write_text(BROWSER.format(fifo=str(fifo)))
    monkeypatch.setenv("BROWSER", f"{sys.executable} {tmp_path / 'browser.py'} %s")
    monkeypatch.setenv("DISPLAY", ":0")
    with told_in(fifo) as told:
        yield told


def server_of(folder: Path) -> Server:
    server = read_server(folder / ".kcli")
    assert server is not None
    return server


def link_in(run: Completed) -> str:
    assert run.returncode == 0, run.stderr
    link = run.stdout.splitlines()[-1]
    assert "#token=" in link
    return link


def test_a_link_is_all_that_standard_output_has(kcli: Kcli, working_directory: Path) -> None:
    assert kcli("local", "start", "--detach").returncode == 0
    run = kcli("local", "ui")
    assert run.stdout == f"{link_in(run)}\n"
    assert "works once" in run.stderr
    Browser(server_of(working_directory)).enter(link_in(run))
    assert link_in(kcli("local", "ui", "--no-open")) != link_in(run)


def test_a_detached_stream_is_started_with_a_link_too(kcli: Kcli, working_directory: Path) -> None:
    link = link_in(kcli("local", "start", "--detach", "--ui"))
    Browser(server_of(working_directory)).enter(link)
    again = link_in(kcli("local", "start", "--detach", "--ui"))  # it runs already
    Browser(server_of(working_directory)).enter(again)


def test_without_a_stream_there_is_no_page(kcli: Kcli) -> None:
    run = kcli("local", "ui")
    assert (run.returncode, run.stdout) == (2, "")
    assert "no local stream runs here" in run.stderr
    assert "kcli local start --detach" in run.stderr


def test_no_open_alone_means_nothing(kcli: Kcli) -> None:
    run = kcli("local", "start", "--no-open")
    assert run.returncode == 2
    assert "--ui" in run.stderr


def test_where_nobody_looks_no_browser_is_opened(
    kcli: Kcli, working_directory: Path, opened: Told
) -> None:
    more = {name: os.environ[name] for name in ("BROWSER", "DISPLAY")}
    assert kcli("local", "start", "--detach", "--ui", **more).returncode == 0
    assert not (working_directory / ".kcli" / ENTRANCE_FILE).exists()
    assert not opened.has_told()


def test_the_browser_gets_a_file_of_the_users_own_and_ctrl_c_ends_with_pages_open(
    terminal: Callable[..., Terminal], working_directory: Path, opened: Told
) -> None:
    session = terminal(*KCLI, "local", "start", "--ui", cwd=working_directory)
    session.read_until("#token=")
    arguments, page = json.loads(opened.line())
    server = server_of(working_directory)
    link = unescape(page.partition("url=")[2].partition('"')[0])
    assert link in session.read_until(link)  # the same as the one that is printed
    token = link.partition("#token=")[2]
    assert [token in each for each in arguments] == [False]
    file = Path(urlsplit(arguments[0]).path)
    assert file == working_directory / ".kcli" / ENTRANCE_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    browser = Browser(server).enter(link)
    with browser.events() as events, browser.events() as silent:
        assert events.next()
        session.type(b"\x03")
        while events.next() is not None:
            pass
        assert events.has_ended
        assert silent.response.status == 200  # it read nothing
        written = session.read_all()
    assert session.process.wait(PATIENCE) == 0
    assert "Traceback" not in written
    assert not file.exists()


def test_no_open_opens_nothing(
    terminal: Callable[..., Terminal], kcli: Kcli, working_directory: Path, opened: Told
) -> None:
    assert kcli("local", "start", "--detach").returncode == 0
    session = terminal(*KCLI, "local", "ui", "--no-open", cwd=working_directory)
    assert "#token=" in session.read_all()
    assert not (working_directory / ".kcli" / ENTRANCE_FILE).exists()
    assert not opened.has_told()
