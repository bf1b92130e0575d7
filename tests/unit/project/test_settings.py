from collections.abc import Callable
from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.project.settings import Level, Setting, Settings, read_settings
from kinesis_cli.project.stream_settings import StreamSettings
from kinesis_cli.project.target import Target, TargetKind, resolve_target, template_streams

ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
TEMPLATE = """\
Resources:
  Orders: {Type: AWS::Kinesis::Stream, Properties: {Name: orders, ShardCount: 3}}
  Returns: {Type: AWS::Kinesis::Stream, Properties: {StreamModeDetails: {StreamMode: ON_DEMAND}}}
"""
SAMCONFIG = """\
version = 0.1
[default.global.parameters]
stack_name = "of-global"
region = "eu-central-1"
[default.deploy.parameters]
stack_name = "of-deploy"
[prod.deploy.parameters]
stack_name = "app-prod"
profile = "prod"
"""

Read = Callable[..., Settings]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads the settings of an otherwise empty project."""
    (tmp_path / "template.yaml").write_text(TEMPLATE)

    def read(flags: dict[str, str | None] | None = None, **environment: str) -> Settings:
        return read_settings(flags, environment=environment, directory=tmp_path)

    return read


def stream(settings: Settings) -> tuple[str, str] | None:
    return (settings.stream.value, settings.stream.source) if settings.stream else None


@pytest.mark.parametrize(
    "written",
    [
        "[tool.kcli]\nstream = 'x'",
        "[ tool . 'kcli' ]\nstream = 'x'",
        "tool.kcli.stream = 'x'",
        '"tool" . "kcli" = {stream = "x"}',
        "[tool]\nkcli = {stream = 'x'}",
        "[ 'tool' ]\nkcli.stream = 'x'",
        "tool = {ruff = {}, kcli = {stream = 'x'}}",
        '["\\u0074ool"."\\u006bcli"]\nstream = "x"',
        "[tool]\n[tool.ruff]\n[tool . kcli]\nstream = 'x'",
    ],
)
def test_the_table_in_pyproject_is_found_however_it_is_written(
    read: Read, tmp_path: Path, written: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(written)
    assert stream(read()) == ("x", "pyproject.toml")


@pytest.mark.parametrize(
    "written", ["[project]\nname = 'kcli'", "[tool.kclip]\nstream = 'x'", "[tool]\nnot = 'kcli'"]
)
def test_a_pyproject_without_the_table_says_nothing(
    read: Read, tmp_path: Path, written: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(written)
    assert stream(read()) is None


def test_the_command_line_comes_before_variables_and_these_before_files(
    read: Read, tmp_path: Path
) -> None:
    (tmp_path / "kcli.toml").write_text('stream = "of-file"')
    assert stream(read()) == ("of-file", "kcli.toml")
    assert stream(read(KCLI_STREAM="of-variable")) == ("of-variable", "KCLI_STREAM")
    assert stream(read({"stream": "x"}, KCLI_STREAM="of-variable")) == ("x", "--stream")
    assert stream(read({"stream": None})) == ("of-file", "kcli.toml")


def test_of_aws_variables_the_one_for_kinesis_comes_first(read: Read) -> None:
    both = {"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_KINESIS": "http://kinesis"}
    assert read(**both).endpoint_url == Setting(
        "http://kinesis", "AWS_ENDPOINT_URL_KINESIS", Level.AWS_VARIABLE
    )
    ours = read(**both, KCLI_ENDPOINT_URL="http://ours").endpoint_url
    assert ours
    assert ours.value == "http://ours"


def test_configured_endpoints_are_ignored_where_aws_tools_ignore_them(read: Read) -> None:
    ignore = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "True", "AWS_ENDPOINT_URL": "http://all"}
    assert read(**ignore).endpoint_url is None
    assert read({"endpoint_url": "http://flag"}, **ignore).endpoint_url is not None


def test_the_nearest_project_file_is_read_kcli_toml_before_pyproject(
    read: Read, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.kcli]\nendpoint-url = "http://far"')
    below = tmp_path / "src"
    below.mkdir()
    (below / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100")
    found = read_settings(environment={}, directory=below).endpoint_url
    assert found == Setting("http://far", "pyproject.toml", Level.PROJECT_FILE)
    (tmp_path / "kcli.toml").write_text('stream = "near"')
    assert read_settings(environment={}, directory=below).endpoint_url is None


def test_samconfig_gives_its_stack_and_with_it_profile_and_region(
    read: Read, tmp_path: Path
) -> None:
    (tmp_path / "samconfig.toml").write_text(SAMCONFIG)
    default = read()
    assert default.stack == Setting("of-deploy", "samconfig.toml", Level.SAMCONFIG)
    assert default.region == Setting("eu-central-1", "samconfig.toml", Level.SAMCONFIG)
    prod = read({"config_env": "prod"})
    assert (prod.stack and prod.stack.value, prod.profile and prod.profile.value) == (
        "app-prod",
        "prod",
    )
    other = read({"stack": "other"})
    assert (other.region, other.profile) == (None, None)


def test_samconfig_may_be_yaml(read: Read, tmp_path: Path) -> None:
    (tmp_path / "samconfig.yaml").write_text("default: {deploy: {parameters: {stack_name: app}}}")
    assert read().stack == Setting("app", "samconfig.yaml", Level.SAMCONFIG)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("kcli.toml", 'strem = "x"', "there is no setting 'strem'"),
        ("kcli.toml", "stream = 1", "stream is 1, not a text"),
        (
            "kcli.toml",
            'stream = "a b"',
            "kcli.toml: 'a b' is not a stream, which reads like my-stream",
        ),
        ("kcli.toml", 'endpoint_url = "x"', "'x' is not an endpoint url"),
        ("kcli.toml", "= 1", "kcli.toml: is not TOML: "),
        ("kcli.toml", b"\xff", "kcli.toml: is not UTF-8 text"),
        ("samconfig.toml", "= 1", "samconfig.toml: is not TOML: "),
        ("samconfig.yaml", "{", ": is not YAML: "),
        ("samconfig.yaml", "[]", "samconfig.yaml: holds no mapping"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_place(
    file: str, text: str | bytes, message: str, read: Read, tmp_path: Path
) -> None:
    (tmp_path / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as raised:
        read()
    assert message in str(raised.value)


def test_an_environment_of_samconfig_that_was_named_must_be_there(
    read: Read, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"there is no samconfig\.toml"):
        read(KCLI_CONFIG_ENV="prod")
    (tmp_path / "samconfig.toml").write_text(SAMCONFIG)
    with pytest.raises(InputError, match="has no environment 'test', it has default, prod"):
        read({"config_env": "test"})


# --- the target


@pytest.fixture
def target(read: Read, tmp_path: Path) -> Callable[..., Target]:
    """What the settings lead to."""

    def target(flags: dict[str, str | None] | None = None, **environment: str) -> Target:
        return resolve_target(read(flags, **environment), tmp_path)

    return target


Resolve = Callable[..., Target]


def test_without_anything_named_it_is_the_local_endpoint_and_the_templates_stream(
    target: Resolve,
) -> None:
    found = target()
    assert (found.kind, found.stream, found.region) == (TargetKind.LOCAL, "orders", "us-east-1")
    assert found.is_local


def test_variables_that_many_shells_set_name_no_target(target: Resolve) -> None:
    found = target(AWS_PROFILE="dev", AWS_REGION="eu-west-1", AWS_ACCESS_KEY_ID="x")
    assert (found.kind, found.region, found.profile) == (TargetKind.LOCAL, "eu-west-1", None)


@pytest.mark.parametrize("name", ["stream", "stack", "profile", "region"])
def test_a_name_given_to_kcli_means_aws(name: str, target: Resolve) -> None:
    for found in (target({name: "x"}), target(**{f"KCLI_{name.upper()}": "x"})):
        assert found.kind is TargetKind.AWS
        assert not found.is_local
        assert name in found.reason.lower()


def test_an_endpoint_is_where_requests_go_whatever_else_is_named(target: Resolve) -> None:
    found = target({"stack": "app", "profile": "dev"}, AWS_ENDPOINT_URL="https://example.com")
    assert (found.kind, found.endpoint_url) == (TargetKind.ENDPOINT, "https://example.com")
    assert (found.stack, found.profile, found.is_local) == ("app", "dev", False)
    assert target(AWS_ENDPOINT_URL="http://localhost:1").is_local
    assert target(AWS_ENDPOINT_URL="http://127.0.0.1:1").stream == "orders"


def test_an_endpoint_is_not_asked_for_the_stack_that_is_in_aws(
    target: Resolve, tmp_path: Path
) -> None:
    (tmp_path / "samconfig.toml").write_text(SAMCONFIG)
    assert target().stack == "of-deploy"
    assert target(AWS_ENDPOINT_URL="http://localhost:1").stack is None


def test_local_can_be_named_and_a_stack_named_closer_means_aws(
    target: Resolve, tmp_path: Path
) -> None:
    assert target({"endpoint_url": "local", "stream": "x"}).kind is TargetKind.LOCAL
    (tmp_path / "kcli.toml").write_text('endpoint_url = "local"\nstack = "app"')
    assert target().kind is TargetKind.LOCAL
    assert target({"stream": "x"}).kind is TargetKind.LOCAL
    assert target({"stack": "x"}).kind is TargetKind.AWS


def test_of_stream_and_stack_the_one_named_closer_to_the_command_line_counts(
    target: Resolve,
) -> None:
    assert target({"stack": "app"}, KCLI_STREAM="x").stream is None
    assert target({"stream": "x"}, KCLI_STACK="app").stream == "x"
    assert target({"stream": "x", "stack": "app"}).stream == "x"


def test_an_arn_names_its_region(target: Resolve) -> None:
    assert target({"stream": ARN}, AWS_REGION="us-east-1").region == "eu-west-1"
    with pytest.raises(InputError, match=r"--region: us-east-1 is not the region of arn:"):
        target({"stream": ARN, "region": "us-east-1"})


def test_streams_of_the_template_have_cloudformations_number_of_shards(
    read: Read, tmp_path: Path
) -> None:
    assert template_streams(directory=tmp_path) == {
        "orders": StreamSettings("orders", 3),
        "Returns": StreamSettings("Returns", None),
    }


def test_what_the_stack_says_does_not_replace_what_was_named_closer() -> None:
    flag, variable = Level.FLAG, Level.KCLI_VARIABLE
    settings = Settings(
        stack=Setting("app", "KCLI_STACK", variable),
        stream=Setting("x", "--stream", flag),
        function=Setting("f", "kcli.toml", Level.PROJECT_FILE),
    ).with_stack({"stream": ("s", "output"), "function": ("g", "output")})
    assert settings.stream == Setting("x", "--stream", flag)
    assert settings.function == Setting("g", "output", variable)
