import json
import os
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from kinesis_cli.cli.local import app
from kinesis_cli.local.client.fault_verbs import VERBS
from kinesis_cli.local.journals import MESSAGES, TABLES
from kinesis_cli.local.kinesis.storage import store
from kinesis_cli.local.state import DATABASES, PACKAGES, process_identity, read_server
from tests.e2e.programs import KCLI, Completed, Kcli, Terminal, without_aws
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

TEMPLATE = """\
Resources:
  Orders: {Type: AWS::Kinesis::Stream, Properties: {Name: orders, ShardCount: 2}}
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A user who never set anything up."""
    home = {"HOME": str(tmp_path / "home"), "XDG_STATE_HOME": str(tmp_path / "home" / "state")}
    return {**without_aws(), **home, "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "template.yaml").write_text(TEMPLATE)
    return folder


@pytest.fixture
def working_directory(project: Path) -> Path:
    return project


def succeeded(run: Completed) -> str:
    assert run.returncode == 0, run.stderr
    return run.stdout


def status(kcli: Kcli, *arguments: str) -> Any:  # noqa: ANN401 - a JSON document
    return json.loads(succeeded(kcli("local", "status", "--output", "json", *arguments)))


def kinesis(endpoint: str) -> Any:  # noqa: ANN401 - botocore makes classes as it runs
    session = Session()
    session.set_credentials("any", "key")
    return session.create_client("kinesis", region_name="us-east-1", endpoint_url=endpoint)


def put(endpoint: str, data: bytes) -> str:
    answer = kinesis(endpoint).put_record(StreamName="orders", PartitionKey="k", Data=data)
    return str(answer["SequenceNumber"])


def read(endpoint: str) -> list[bytes]:
    client, records = kinesis(endpoint), []
    for shard in client.list_shards(StreamName="orders")["Shards"]:
        iterator = client.get_shard_iterator(
            StreamName="orders", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        records += client.get_records(ShardIterator=iterator)["Records"]
    return [record["Data"] for record in records]


def test_it_starts_with_the_templates_stream_and_keeps_records_and_port(
    kcli: Kcli, project: Path
) -> None:
    assert status(kcli)["running"] is False
    shown = succeeded(kcli("local", "start", "--detach"))
    first = status(kcli)
    assert f"Local stream on {first['endpoint']}" in shown
    assert first["state"] == str(project / ".kcli")
    assert [(each["name"], each["shards"], each["records"]) for each in first["streams"]] == [
        ("orders", 2, 0)
    ]
    put(first["endpoint"], b"one")
    assert "ended" in kcli("local", "stop").stderr
    succeeded(kcli("local", "start", "--detach"))
    second = status(kcli)
    assert (second["endpoint"], second["pid"]) != (None, first["pid"])
    assert second["endpoint"] == first["endpoint"]
    assert read(second["endpoint"]) == [b"one"]
    assert (project / ".kcli" / ".gitignore").read_text() == "*\n"


def test_the_status_of_one_that_does_not_run_is_a_document_too(kcli: Kcli, project: Path) -> None:
    assert status(kcli) == {
        "version": 1,
        "running": False,
        "pid": None,
        "endpoint": None,
        "state": str(project / ".kcli"),
        "streams": [],
        "tables": [],
        "mappings": [],
        "notes": [],
        "problems": [],
        "notMade": [],
    }


def test_options_of_the_start_reach_the_server(kcli: Kcli) -> None:
    options = ("--stream", "returns", "--shards", "3", "--in-memory", "--shard-limit", "7")
    succeeded(kcli("local", "start", "--detach", *options))
    started = status(kcli)
    assert {each["name"]: each["shards"] for each in started["streams"]} == {
        "orders": 3,
        "returns": 3,
    }
    client = kinesis(started["endpoint"])
    with pytest.raises(client.exceptions.LimitExceededException):
        client.create_stream(StreamName="more", ShardCount=2)
    put(started["endpoint"], b"gone with the process")
    kcli("local", "stop")
    succeeded(kcli("local", "start", "--detach"))
    assert status(kcli)["streams"][0]["records"] == 0


def test_starting_twice_says_that_it_runs_already(kcli: Kcli) -> None:
    succeeded(kcli("local", "start", "--detach"))
    again = kcli("local", "start", "--detach")
    assert again.returncode == 0
    assert "runs here already" in again.stderr
    foreground = kcli("local", "start")
    assert foreground.returncode == 2
    assert "another local stream runs on this directory" in foreground.stderr


def test_two_commands_at_once_start_one_server(
    kcli: Kcli, project: Path, environment: dict[str, str]
) -> None:
    starters = [
        subprocess.Popen(
            [*KCLI, "local", "env"], cwd=project, env=environment, stdout=subprocess.PIPE
        )
        for _ in range(3)
    ]
    printed = {starter.communicate(timeout=PATIENCE)[0] for starter in starters}
    assert len(printed) == 1
    assert [starter.returncode for starter in starters] == [0, 0, 0]


def test_env_starts_it_says_so_and_points_clients_at_it(kcli: Kcli) -> None:
    run = kcli("local", "env", AWS_ENDPOINT_URL_KINESIS="http://elsewhere")
    endpoint = status(kcli)["endpoint"]
    address = endpoint.removeprefix("http://")
    assert run.stderr == f"local stream started on {address}; `kcli local stop` ends it\n"
    assert run.stdout.splitlines() == [
        "unset AWS_ENDPOINT_URL_KINESIS",
        f"export AWS_ENDPOINT_URL={endpoint}",
        "export AWS_ACCESS_KEY_ID=local",
        "export AWS_SECRET_ACCESS_KEY=local",
        "export AWS_REGION=us-east-1",
        "export AWS_DEFAULT_REGION=us-east-1",
    ]
    assert kcli("local", "env").stderr == ""


def test_outside_a_project_each_directory_has_its_own(kcli: Kcli, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        succeeded(kcli("local", "start", "--detach", cwd=tmp_path / name))
    states = [
        json.loads(kcli("local", "status", "--output", "json", cwd=tmp_path / name).stdout)
        for name in ("a", "b")
    ]
    assert len({each["endpoint"] for each in states}) == 2
    assert all(Path(each["state"]).is_relative_to(tmp_path / "home" / "state") for each in states)


def test_the_state_option_means_the_same_everywhere(kcli: Kcli, tmp_path: Path) -> None:
    named = ("--state", str(tmp_path / "elsewhere"))
    shown = succeeded(kcli("local", "start", "--detach", *named))
    assert f"kcli local env {shlex.join(named)}" in shown
    assert status(kcli)["running"] is False
    assert status(kcli, *named)["running"] is True
    assert status(kcli, *named)["endpoint"] in succeeded(kcli("local", "env", *named))
    assert kcli("local", "logs", *named).returncode == 0
    assert kcli("local", "faults", *named).stdout == "No faults are switched on.\n"
    assert kcli("local", "reset", "--yes", *named).returncode == 0
    assert "ended" in kcli("local", "stop", *named).stderr


def test_a_stale_state_is_cleaned_up_and_a_foreign_process_is_never_signalled(
    kcli: Kcli, project: Path
) -> None:
    succeeded(kcli("local", "start", "--detach"))
    state = project / ".kcli"
    server = read_server(state)
    assert server
    os.kill(server.pid, signal.SIGKILL)
    with subprocess.Popen(["sleep", "60"]) as bystander:
        document = json.loads((state / "server.json").read_text())
        (state / "server.json").write_text(json.dumps({**document, "pid": bystander.pid}))
        assert "no local stream runs here" in kcli("local", "stop").stderr
        assert not (state / "server.json").exists()
        assert bystander.poll() is None
        bystander.kill()
    succeeded(kcli("local", "start", "--detach"))


def test_a_server_of_another_version_is_stopped_too(kcli: Kcli, project: Path) -> None:
    succeeded(kcli("local", "start", "--detach"))
    file = project / ".kcli" / "server.json"
    document = json.loads(file.read_text())
    del document["limits"]  # was not there in the first version
    file.write_text(json.dumps({**document, "later": 1}))
    assert "ended" in kcli("local", "stop").stderr


def test_a_process_that_ended_has_no_identity() -> None:
    process = subprocess.Popen(["sleep", "60"])
    identity = process_identity(process.pid)
    assert identity == process_identity(process.pid) != process_identity(os.getpid())
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # ended, and still in the table
    assert process_identity(process.pid) == ""
    process.wait()
    assert process_identity(process.pid) == ""


def test_kill_9_loses_nothing(kcli: Kcli) -> None:
    succeeded(kcli("local", "start", "--detach"))
    before = status(kcli)
    put(before["endpoint"], b"one")
    os.kill(before["pid"], signal.SIGKILL)
    succeeded(kcli("local", "start", "--detach"))
    after = status(kcli)
    assert after["endpoint"] == before["endpoint"]
    put(after["endpoint"], b"two")
    assert read(after["endpoint"]) == [b"one", b"two"]


def test_a_taken_port_is_refused_and_a_kept_one_that_is_taken_is_left(kcli: Kcli) -> None:
    succeeded(kcli("local", "start", "--detach"))
    port = int(status(kcli)["endpoint"].rpartition(":")[2])
    kcli("local", "stop")
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        asked = kcli("local", "start", "--detach", "--port", str(port))
        assert asked.returncode == 2
        assert f"port {port} of 127.0.0.1 is taken" in asked.stderr
        succeeded(kcli("local", "start", "--detach"))
        assert status(kcli)["endpoint"] != f"http://127.0.0.1:{port}"


def test_streams_of_the_start_are_ready_whatever_delays_and_rates_there_are(kcli: Kcli) -> None:
    streams = [option for n in range(7) for option in ("--stream", f"s{n}")]
    like_aws = ("--delays", "aws", "--limits", "aws", "--in-memory")
    started = succeeded(kcli("local", "start", "--detach", *streams, *like_aws))
    assert "s6: 1 shard, 0 records" in started
    put(status(kcli)["endpoint"], b"taken at once")


def test_reset_asks_and_then_leaves_the_templates_stream_empty(kcli: Kcli) -> None:
    succeeded(kcli("local", "start", "--detach", "--stream", "returns"))
    before = status(kcli)
    put(before["endpoint"], b"one")
    kinesis(before["endpoint"]).create_stream(StreamName="more", ShardCount=1)
    unasked = kcli("local", "reset")
    assert unasked.returncode == 2
    assert "--yes answers the question" in unasked.stderr
    assert sum(each["records"] for each in status(kcli)["streams"]) == 1
    succeeded(kcli("local", "reset", "--yes"))
    after = status(kcli)
    assert after["endpoint"] == before["endpoint"]
    assert {each["name"]: each["records"] for each in after["streams"]} == {
        "orders": 0,
        "returns": 0,
    }


def test_reset_of_one_that_does_not_run_deletes_what_it_kept(kcli: Kcli) -> None:
    succeeded(kcli("local", "start", "--detach"))
    put(status(kcli)["endpoint"], b"one")
    kcli("local", "stop")
    succeeded(kcli("local", "reset", "--yes"))
    assert status(kcli)["running"] is False
    succeeded(kcli("local", "start", "--detach"))
    assert [each["records"] for each in status(kcli)["streams"]] == [0]


def test_reset_deletes_the_files_of_all_who_keep_something() -> None:
    mappings = pytest.importorskip("kinesis_cli.local.mapping.store")
    events = pytest.importorskip("kinesis_cli.local.function.asynchronous")
    hosted = pytest.importorskip("kinesis_cli.local.function.store")
    packages = pytest.importorskip("kinesis_cli.local.function.packages")
    files = (store.FILE_NAME, MESSAGES, TABLES, events.FILE, mappings.FILE, hosted.FILE)
    assert files == DATABASES
    assert packages.FOLDER == PACKAGES


def test_reset_on_a_terminal_takes_no_for_an_answer(
    kcli: Kcli, project: Path, terminal: Callable[..., Terminal]
) -> None:
    succeeded(kcli("local", "start", "--detach"))
    put(status(kcli)["endpoint"], b"one")
    session = terminal(*KCLI, "local", "reset", cwd=project)
    session.read_until("[y/N]")
    session.type(b"n\r")
    session.read_all()
    assert session.process.wait(timeout=PATIENCE) == 1
    assert [each["records"] for each in status(kcli)["streams"]] == [1]


@pytest.mark.parametrize("end", [b"\x03", signal.SIGTERM])
def test_in_the_foreground_it_says_where_it_is_and_ends_when_it_is_told(
    end: bytes | signal.Signals, kcli: Kcli, project: Path, terminal: Callable[..., Terminal]
) -> None:
    session = terminal(*KCLI, "local", "start", "-v", cwd=project)
    screen = session.read_until("kcli local env")
    endpoint = re.search(r"http://127\.0\.0\.1:\d+", screen)
    assert endpoint
    assert "orders: 2 shards" in screen
    put(endpoint[0], b"one")
    session.read_until("PutRecord")
    if isinstance(end, bytes):
        session.type(end)
    else:
        session.process.send_signal(end)
    session.read_all()
    assert session.process.wait(timeout=PATIENCE) == 0
    assert "local stream ended" in session.written
    assert "Traceback" not in session.written
    succeeded(kcli("local", "start", "--detach"))
    assert status(kcli)["streams"][0]["records"] == 1


def test_what_is_no_database_of_kclis_is_refused_and_unchanged(kcli: Kcli, project: Path) -> None:
    state = project / ".kcli"
    state.mkdir()
    (state / "kinesis.sqlite3").write_text("my notes")
    run = kcli("local", "start", "--detach")
    assert run.returncode == 2
    assert "kinesis.sqlite3" in run.stderr
    assert "Traceback" not in run.stderr
    assert (state / "kinesis.sqlite3").read_text() == "my notes"


def test_a_directory_that_cannot_be_written_is_one_sentence(kcli: Kcli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for state, reason in (
        (tmp_path / "file", "File exists"),
        (tmp_path / "file" / "x", "Not a dir"),
    ):
        run = kcli("local", "start", "--detach", "--state", str(state))
        assert run.returncode == 2
        assert f"{state}: cannot hold the local stream's state: {reason}" in run.stderr


def test_logs_show_what_the_server_was_asked(kcli: Kcli) -> None:
    assert kcli("local", "logs").returncode == 2
    succeeded(kcli("local", "start", "--detach", "-v"))
    put(status(kcli)["endpoint"], b"one")
    assert "PutRecord" in succeeded(kcli("local", "logs"))


# --- faults


def test_faults_are_switched_on_shown_and_switched_off(kcli: Kcli) -> None:
    succeeded(kcli("local", "start", "--detach"))
    client = kinesis(status(kcli)["endpoint"])
    assert kcli("local", "faults", "throttle", "orders").stdout == "throttle: orders\n"
    entry = {"PartitionKey": "k", "Data": b"x"}
    answer = client.put_records(StreamName="orders", Records=[entry])
    assert answer["Records"][0]["ErrorCode"] == "ProvisionedThroughputExceededException"
    assert kcli("local", "faults", "fail", "50%").stdout == "throttle: orders\nfail: 0.5\n"
    assert kcli("local", "faults", "off").stdout == "No faults are switched on.\n"
    assert client.put_records(StreamName="orders", Records=[entry])["FailedRecordCount"] == 0


def test_the_clock_can_be_moved_so_that_an_iterator_expires(kcli: Kcli) -> None:
    succeeded(kcli("local", "start", "--detach"))
    client = kinesis(status(kcli)["endpoint"])
    shard = client.list_shards(StreamName="orders")["Shards"][0]["ShardId"]
    iterator = client.get_shard_iterator(
        StreamName="orders", ShardId=shard, ShardIteratorType="LATEST"
    )["ShardIterator"]
    assert kcli("local", "faults", "clock", "+6m").stdout == "clock: 360.0\n"
    with pytest.raises(client.exceptions.ExpiredIteratorException):
        client.get_records(ShardIterator=iterator)
    assert kcli("local", "faults", "clock", "-1m").stdout == "clock: 300.0\n"
    assert kcli("local", "faults", "clock", "reset").stdout == "No faults are switched on.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "there is no fault 'nonsense'"),
        (["fail", "2"], "'2' is not a share, such as 0.2 or 20%"),
        (["fail"], "faults fail: takes SHARE | off, found nothing"),
        (["clock", "6m"], "faults clock: takes +DURATION | -DURATION | reset, found 6m"),
        (["delay", "soon"], "'soon' is not a duration, such as 250ms, 6m or 25h"),
    ],
)
def test_a_fault_that_cannot_be_is_one_sentence(
    arguments: list[str], message: str, kcli: Kcli
) -> None:
    run = kcli("local", "faults", *arguments)
    assert run.returncode == 2
    assert message in run.stderr


def test_faults_need_a_stream_that_runs(kcli: Kcli) -> None:
    run = kcli("local", "faults")
    assert (run.returncode, run.stdout) == (2, "")
    assert "no local stream runs here" in run.stderr


def test_the_help_of_faults_names_each_verb(kcli: Kcli) -> None:
    help_ = kcli("local", "faults", "--help").stdout
    assert [verb for verb in VERBS if f"\n    {verb} " not in help_] == []


# --- config


def config(kcli: Kcli, *arguments: str, **environment: str) -> Any:  # noqa: ANN401
    return json.loads(kcli("config", "--output", "json", *arguments, **environment).stdout)


def test_config_says_what_a_bare_command_would_talk_to_and_starts_nothing(
    kcli: Kcli, project: Path
) -> None:
    document = config(kcli)
    assert document["target"] == {
        "kind": "local",
        "endpoint": None,
        "region": "us-east-1",
        "stream": "orders",
        "function": None,
    }
    assert {"name": "stream", "value": "orders", "source": "the template"} in document["settings"]
    assert not (project / ".kcli").exists()
    table = succeeded(kcli("config"))
    place = "this machine's endpoint, which starts on first use"
    assert f"`kcli put` would talk to stream orders at {place}" in table
    succeeded(kcli("local", "start", "--detach"))
    assert config(kcli)["target"]["endpoint"] == status(kcli)["endpoint"]


def test_config_names_the_function_that_would_be_called(kcli: Kcli, project: Path) -> None:
    function = """
  Billing:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: billing, Handler: app.handler, Runtime: python3.13, CodeUri: src}
"""
    (project / "src").mkdir()
    (project / "template.yaml").write_text(TEMPLATE + function)
    document = config(kcli)
    assert document["target"]["function"] == "billing"
    assert {"name": "function", "value": "billing", "source": "the template"} in document[
        "settings"
    ]
    assert config(kcli, KCLI_FUNCTION="other")["target"]["function"] == "other"


def test_config_says_that_the_stream_is_of_kclis_own_sample(kcli: Kcli, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    document = json.loads(succeeded(kcli("config", "--output", "json", cwd=elsewhere)))
    sources = {each["name"]: each["source"] for each in document["settings"]}
    assert (sources["stream"], sources["function"]) == ("kcli's own sample",) * 2


def test_config_shows_the_settings_and_then_what_is_wrong(kcli: Kcli) -> None:
    run = kcli("config", "--stream", "orders", "--output", "json")
    assert run.returncode == 3
    assert run.stderr.startswith("kcli: no region is named.\n")
    assert json.loads(run.stdout)["target"]["kind"] == "aws"


def test_config_finds_the_profiles_region_as_the_aws_cli_does(kcli: Kcli, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile dev]\nregion = eu-west-3\n")
    files = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_PROFILE": "dev"}
    document = config(kcli, "--stream", "orders", **files)
    assert document["target"]["region"] == "eu-west-3"
    assert document["target"]["endpoint"] == "https://kinesis.eu-west-3.amazonaws.com"
    region = {"name": "region", "value": "eu-west-3", "source": "AWS's configuration"}
    assert region in document["settings"]


def test_tables_show_long_names_whole_on_a_narrow_terminal(kcli: Kcli) -> None:
    name = "s" + "x" * 100
    arn = f"arn:aws:kinesis:eu-west-1:123456789012:stream/{name}"
    settings = succeeded(kcli("config", "--stream", arn))
    succeeded(kcli("local", "start", "--detach", "--stream", name))
    streams = succeeded(kcli("local", "status"))
    for shown in (settings, streams):
        table = [line for line in shown.splitlines() if "`" not in line and "://" not in line]
        assert max(map(len, table)) <= 80
        assert "".join(table).count("x") == 100
        assert "…" not in shown


# --- the subcommands' help, and other clients


SUBCOMMANDS = {
    each.callback.__name__: each.callback for each in app.registered_commands if each.callback
}


def examples() -> list[tuple[str, str]]:
    return [
        (name, line.strip())
        for name, function in SUBCOMMANDS.items()
        for line in (function.__doc__ or "").partition("Examples:")[2].splitlines()
        if "kcli " in line
    ]


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_each_subcommand_has_help_with_examples(name: str, kcli: Kcli) -> None:
    help_ = succeeded(kcli("local", name, "--help"))
    assert "Examples:" in help_
    assert any(name == command for command, _ in examples())
    assert help_ == kcli("local", name, "-h").stdout
    assert max(map(len, help_.splitlines())) <= 80


@pytest.mark.parametrize(("name", "example"), examples())
def test_each_example_of_a_subcommand_works(
    name: str, example: str, kcli: Kcli, project: Path, environment: dict[str, str]
) -> None:
    script = f'set -eo pipefail; kcli() {{ {shlex.join(KCLI)} "$@"; }}; {example}'
    run = subprocess.run(
        ["bash", "-c", script],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    needs_a_stream = name in ("faults", "logs") and "start" not in example
    assert needs_a_stream or run.returncode == 0, run.stderr


def test_a_subcommand_that_is_not_there_is_refused_with_advice(kcli: Kcli) -> None:
    run = kcli("local", "strat")
    assert (run.returncode, run.stdout) == (2, "")
    assert "'strat'" in run.stderr
    assert "`kcli local --help`" in run.stderr
    wrong = kcli("local", "start", "--port", "x")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("kcli: local start: invalid value for '--port'")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("local", "st"), ["start", "stop", "status"]),
        (("local", "start", "--shard-"), ["--shard-limit"]),
        (("local", "start", "--sync", ""), ["normal", "full"]),
        (("local", "status", "--output", "j"), ["json"]),
    ],
)
def test_subcommands_and_their_options_are_completed(
    words: tuple[str, ...], expected: list[str], kcli: Kcli
) -> None:
    run = kcli(
        _KCLI_COMPLETE="complete_bash",
        COMP_WORDS="\n".join(("kcli", *words)),
        COMP_CWORD=str(len(words)),
    )
    assert run.stdout.splitlines() == expected


def test_the_aws_cli_of_a_newcomer_puts_and_gets(
    aws_cli: Path, tmp_path: Path, kcli: Kcli, project: Path, environment: dict[str, str]
) -> None:
    script = f"""
        set -e
        kcli() {{ {shlex.join(KCLI)} "$@"; }}; aws() {{ {aws_cli} "$@"; }}
        kcli local start --detach >&2
        eval "$(kcli local env)"
        aws kinesis put-record --stream-name orders --partition-key k --data hello >&2
        aws kinesis describe-stream-summary --stream-name orders \\
            --query StreamDescriptionSummary.OpenShardCount
        for shard in $(aws kinesis list-shards --stream-name orders --query 'Shards[].ShardId' \\
                       --output text); do
            iterator=$(aws kinesis get-shard-iterator --stream-name orders --shard-id $shard \\
                           --shard-iterator-type TRIM_HORIZON --output text)
            aws kinesis get-records --shard-iterator $iterator --query 'Records[].Data' \\
                --output text
        done
    """
    run = subprocess.run(
        ["bash", "-c", script],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["2", "aGVsbG8="]


# --- what must not come between


def test_with_tls_clients_trust_the_certificate_that_env_names(kcli: Kcli, project: Path) -> None:
    succeeded(kcli("local", "start", "--detach", "--tls"))
    lines = succeeded(kcli("local", "env"))
    assert f"export AWS_CA_BUNDLE={project / '.kcli' / 'certificate.pem'}" in lines
    assert list_streams(project) == ["orders"]
    assert status(kcli)["endpoint"].startswith("https://127.0.0.1:")
    assert kcli("local", "faults").returncode == 0


def test_neither_a_broken_profile_nor_a_proxy_keeps_kcli_from_the_local_endpoint(
    kcli: Kcli, project: Path
) -> None:
    environment = {"AWS_PROFILE": "nobody", "HTTP_PROXY": "http://127.0.0.1:9"}
    assert list_streams(project, **environment) == ["orders"]
    run = kcli("local", "env", no_proxy="example.com", **environment)
    assert "export no_proxy=example.com,127.0.0.1" in run.stdout


def test_streams_are_found_in_the_region_in_which_they_were_made(kcli: Kcli, project: Path) -> None:
    succeeded(kcli("local", "start", "--detach", "--region", "eu-west-3"))
    assert list_streams(project, AWS_REGION="us-west-2") == ["orders"]
    assert config(kcli, AWS_REGION="us-west-2")["target"]["region"] == "eu-west-3"
    assert "export AWS_REGION=eu-west-3" in kcli("local", "env").stdout


def list_streams(directory: Path, **environment: str) -> list[str]:
    """The streams that kcli as a library sees in a directory."""
    program = (
        "from kinesis_cli.local.client.connection import connect\n"
        "from kinesis_cli.project.settings import read_settings\n"
        "kinesis = connect(read_settings()).connection.client('kinesis')\n"
        "print(*kinesis.list_streams()['StreamNames'])"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=directory,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits as only Linux can")
def test_a_server_whose_directory_was_deleted_ends(kcli: Kcli, project: Path) -> None:
    succeeded(kcli("local", "start", "--detach"))
    process = os.pidfd_open(status(kcli)["pid"])
    # in one step: the server makes and deletes files there meanwhile
    shutil.rmtree((project / ".kcli").rename(project / "deleted"))
    assert select.select([process], [], [], PATIENCE)[0]
    os.close(process)
    succeeded(kcli("local", "start", "--detach"))


def test_without_the_extra_it_says_what_to_install(kcli: Kcli, project: Path) -> None:
    hidden = (
        "import sys; sys.modules['uvicorn'] = None; from kinesis_cli.local.__main__ import main"
    )
    run = subprocess.run(
        [sys.executable, "-c", f"{hidden}; sys.exit(main(['--state', 'x']))"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert run.returncode == 1
    assert (
        run.stderr == "kcli: the local stream needs the package uvicorn, which is not installed\n"
    )
