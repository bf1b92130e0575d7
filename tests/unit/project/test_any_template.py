"""Templates as strangers write them: aliases, parameters, any code, nested, other tools'."""

import contextlib
import json
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.project.find import find_function
from kinesis_cli.project.function import Function
from kinesis_cli.project.functions.code_cache import MAX_UNPACKED, folder_of_zip
from kinesis_cli.project.template.parameters import parse_overrides, written_overrides

Find = Callable[..., Function]
ALIAS_ARN = "arn:aws:lambda:us-east-1:123456789012:function:Worker:live"


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "KCLI_TEMPLATE", "KCLI_PARAMETER_OVERRIDES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def find(tmp_path: Path) -> Find:
    """Writes files and finds the function of the template among them."""

    def find(files: dict[str, str], **options: object) -> Function:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(dedent(text))
        (tmp_path / "src").mkdir(exist_ok=True)
        return find_function(directory=tmp_path, **options)  # type: ignore[arg-type]

    return find


def notes(function: Function) -> list[str]:
    """What is said of the template; not of the Python that runs the tests."""
    return [note for note in function.notes if not note.startswith("The template says")]


def refusal(find: Find, files: dict[str, str], **options: object) -> InputError:
    with pytest.raises(InputError) as caught:
        find(files, **options)
    return caught.value


# Aliases and versions

ALIASED = """
    Resources:
      Orders: {Type: AWS::Kinesis::Stream}
      Worker:
        Type: AWS::Lambda::Function
        Properties: {Runtime: python3.11, Handler: app.handler, Code: src/}
      First:
        Type: AWS::Lambda::Version
        Properties: {FunctionName: !Ref Worker}
      Live:
        Type: AWS::Lambda::Alias
        Properties: {Name: live, FunctionName: !Ref Worker, FunctionVersion: !GetAtt First.Version}
      Mapping:
        Type: AWS::Lambda::EventSourceMapping
        Properties:
          EventSourceArn: !GetAtt Orders.Arn
          FunctionName: TARGET
          StartingPosition: TRIM_HORIZON
          BatchSize: 7
"""


@pytest.mark.parametrize(
    ("target", "qualifier", "version"),
    [
        ("!Ref Worker", "", "$LATEST"),
        ("!GetAtt Worker.Arn", "", "$LATEST"),
        ("!Ref Live", "live", "1"),
        ("!Ref First", "1", "1"),
        ('!Sub "${Worker.Arn}:live"', "live", "1"),
        ('!Sub "${Worker}:live"', "live", "1"),
        ('!Join ["", [!Select [6, !Split [":", !Ref Live]], ":live"]]', "live", "1"),
        (f"{ALIAS_ARN}", "live", "1"),
        ("123456789012:function:Worker:live", "live", "1"),
        ("'Worker:$LATEST'", "$LATEST", "$LATEST"),
    ],
)
def test_a_mapping_through_an_alias_or_a_version_is_the_functions(
    find: Find, target: str, qualifier: str, version: str
) -> None:
    function = find({"template.yaml": ALIASED.replace("TARGET", target)})
    assert function.mapping is not None
    assert function.mapping["BatchSize"] == 7
    assert (function.qualifier, function.version) == (qualifier, version)
    assert notes(function) == []


def test_sams_published_alias_is_what_its_events_call(find: Find) -> None:
    function = find(
        {
            "template.yaml": """
    Globals: {Function: {Runtime: python3.13, AutoPublishAlias: live}}
    Resources:
      Worker:
        Type: AWS::Serverless::Function
        Properties:
          Handler: app.handler
          CodeUri: src
          Environment: {Variables: {SELF: !Ref Worker.Alias, VERSION: !Ref Worker.Version}}
          Events: {In: {Type: Kinesis, Properties: {Stream: "arn:aws:kinesis:r:1:stream/s"}}}
    """
        }
    )
    assert function.qualified_name == "Worker:live"
    assert function.environment["SELF"] == ALIAS_ARN
    assert function.environment["VERSION"] == ALIAS_ARN.replace(":live", ":1")


def test_a_mapping_that_leads_nowhere_is_named(find: Find) -> None:
    function = find({"template.yaml": ALIASED.replace("TARGET", "!ImportValue consumer")})
    assert function.mapping is None
    assert any("Mapping leads to no function of this template" in each for each in function.notes)


def test_a_mapping_whose_condition_is_false_is_named(find: Find) -> None:
    text = ALIASED.replace("TARGET", "!Ref Live").replace(
        "Type: AWS::Lambda::EventSourceMapping",
        "Type: AWS::Lambda::EventSourceMapping\n        Condition: Never",
    )
    text += "    Conditions: {Never: !Equals [a, b]}\n"
    function = find({"template.yaml": text})
    assert function.mapping is None
    assert any("its condition Never is false" in each for each in function.notes)


# What else feeds a function


@pytest.mark.parametrize(
    ("event", "feeder"),
    [
        ("{Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn}}", "SQS (In)"),
        ("{Type: DynamoDB, Properties: {Stream: x, StartingPosition: LATEST}}", "DynamoDB (In)"),
        ("{Type: MSK, Properties: {Topics: [a]}}", "MSK (In)"),
        ("{Type: Schedule, Properties: {Schedule: rate(1 day)}}", "Schedule (In)"),
    ],
)
def test_what_feeds_a_function_besides_kinesis_is_known(
    find: Find, event: str, feeder: str
) -> None:
    function = find(
        {
            "template.yaml": f"""
    Resources:
      Jobs: {{Type: AWS::SQS::Queue}}
      Worker:
        Type: AWS::Serverless::Function
        Properties: {{Runtime: python3.11, Handler: a.b, CodeUri: src, Events: {{In: {event}}}}}
    """
        }
    )
    assert function.mapping is None
    assert function.other_feeders == (feeder,)


@pytest.mark.parametrize(
    ("source", "more"),
    [
        ("!GetAtt Table.StreamArn", "StartingPosition: LATEST"),
        ("!GetAtt Jobs.Arn", ""),
        ("!Ref Cluster", "StartingPosition: LATEST"),
        ("!ImportValue topic", "StartingPosition: LATEST, Topics: [a]"),
        ("'arn:aws:dynamodb:us-east-1:1:table/t/stream/x'", "StartingPosition: LATEST"),
    ],
)
def test_a_mapping_of_another_service_does_not_make_a_consumer(
    find: Find, source: str, more: str
) -> None:
    function = find(
        {
            "template.yaml": f"""
    Resources:
      Jobs: {{Type: AWS::SQS::Queue}}
      Table: {{Type: AWS::DynamoDB::Table}}
      Cluster: {{Type: AWS::MSK::Cluster}}
      Worker:
        Type: AWS::Lambda::Function
        Properties: {{Runtime: python3.11, Handler: a.b, Code: src}}
      Mapping:
        Type: AWS::Lambda::EventSourceMapping
        Properties: {{EventSourceArn: {source}, FunctionName: !Ref Worker, {more}}}
    """
        }
    )
    assert function.mapping is None
    assert len(function.other_feeders) == 1


def test_a_function_of_firehose_is_no_consumer(find: Find) -> None:
    function = find(
        {
            "template.yaml": """
    Resources:
      Worker:
        Type: AWS::Lambda::Function
        Properties: {Runtime: python3.11, Handler: a.b, Code: src}
      Delivery:
        Type: AWS::KinesisFirehose::DeliveryStream
        Properties:
          ExtendedS3DestinationConfiguration:
            ProcessingConfiguration:
              Processors:
              - Type: Lambda
                Parameters: [{ParameterName: LambdaArn, ParameterValue: !GetAtt Worker.Arn}]
    """
        }
    )
    assert function.other_feeders == ("Firehose (Delivery)",)


# Parameters


@pytest.mark.parametrize(
    "given",
    [
        'Batch="10" Name="two words" Quote="say \\"yes\\""',
        ['Batch=10 Name="two words"', 'Quote="say \\"yes\\""'],
        ["Batch=10", "Name=two words", 'Quote="say \\"yes\\""'],
        {"Batch": 10, "Name": "two words", "Quote": 'say "yes"'},
        [{"Batch": "10"}, {"Name": "two words", "Quote": 'say "yes"'}],
        'ParameterKey=Batch,ParameterValue=10 ParameterKey=Name,ParameterValue="two words" '
        'ParameterKey=Quote,ParameterValue="say \\"yes\\""',
    ],
)
def test_all_forms_of_overrides_that_sam_takes_are_read(given: object) -> None:
    values = {"Batch": "10", "Name": "two words", "Quote": 'say "yes"'}
    assert parse_overrides(given, "") == values
    assert parse_overrides(written_overrides(values), "") == values


@pytest.mark.parametrize("given", ["Batch", "=1", ["A=1", "B"], "ParameterKey=A"])
def test_what_is_no_override_is_refused(given: object) -> None:
    with pytest.raises(InputError, match="is not a parameter"):
        parse_overrides(given, "--parameter-overrides")


PARAMETERS = """
    Transform: AWS::Serverless-2016-10-31
    Parameters:
      Retries: {Type: Number, Default: -1}
      Table: {Type: String}
      Stored: {Type: "AWS::SSM::Parameter::Value<String>", Default: /orders/stream}
    Resources:
      Orders: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 2, RetentionPeriodHours: 168}}
      Worker:
        Type: AWS::Serverless::Function
        Properties:
          Runtime: python3.11
          Handler: app.handler
          CodeUri: src/
          Environment:
            Variables:
              TABLE: !Ref Table
              STORED: !Ref Stored
              IMPORTED: !ImportValue shared-topic
              SECRET: "{{resolve:ssm:/secret:3}}"
          Events:
            In:
              Type: Kinesis
              Properties:
                Stream: !GetAtt Orders.Arn
                StartingPosition: LATEST
                MaximumRetryAttempts: !Ref Retries
"""


def test_samconfigs_overrides_count_and_the_command_lines_come_before_them(find: Find) -> None:
    files = {
        "template.yaml": PARAMETERS,
        "samconfig.toml": """
            version = 0.1
            [default.deploy.parameters]
            parameter_overrides = 'Retries="2" Table="orders"'
            [prod.global.parameters]
            parameter_overrides = ["Retries=5", "Table=prod"]
        """,
    }
    function = find(files)
    assert function.mapping is not None
    assert function.mapping["MaximumRetryAttempts"] == 2
    assert function.environment["TABLE"] == "orders"
    function = find(files, parameter_overrides=["Retries=3"])
    assert function.mapping is not None
    assert function.mapping["MaximumRetryAttempts"] == 3
    assert function.environment["TABLE"] == "orders"
    assert find(files, config_env="prod").environment["TABLE"] == "prod"


def test_what_is_missing_is_given_by_its_name(find: Find) -> None:
    function = find(
        {"template.yaml": PARAMETERS},
        parameter_overrides=[
            "Table=orders",
            "/orders/stream=arn:of:stream",
            "shared-topic=arn:of:topic",
            "/secret=s3cret",
        ],
    )
    assert function.environment == {
        "TABLE": "orders",
        "STORED": "arn:of:stream",
        "IMPORTED": "arn:of:topic",
        "SECRET": "s3cret",
    }
    assert notes(function) == []


def test_the_streams_settings_are_the_templates(find: Find) -> None:
    stream = find({"template.yaml": PARAMETERS}).stream
    assert stream is not None
    assert (stream.name, stream.shards, stream.retention_hours) == ("Orders", 2, 168)


def test_the_template_and_its_parameters_can_be_set_for_every_command(
    find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"infra/sam.yaml": PARAMETERS.replace("src/", "../src/")}
    files["pyproject.toml"] = '[tool.kcli]\ntemplate = "infra/sam.yaml"\n'
    assert find(files).origin.startswith("sam.yaml, Worker")
    monkeypatch.setenv("KCLI_PARAMETER_OVERRIDES", "Table=orders")
    assert find(files).environment["TABLE"] == "orders"
    monkeypatch.setenv("KCLI_TEMPLATE", "elsewhere.yaml")
    assert "elsewhere.yaml: cannot read the template" in str(refusal(find, files))


def test_a_name_that_the_template_gives_itself_is_no_stand_in(find: Find) -> None:
    files = {
        "template.yaml": """
    Resources:
      orders: {Type: AWS::DynamoDB::Table, Properties: {TableName: orders}}
      Unnamed: {Type: AWS::DynamoDB::Table}
      Worker:
        Type: AWS::Serverless::Function
        Properties:
          Runtime: python3.11
          Handler: app.handler
          CodeUri: src
          Environment: {Variables: {TABLE: !Ref orders, OTHER: !Ref Unnamed}}
    """
    }
    (note,) = notes(find(files))
    assert "the name of Unnamed is known only after deployment" in note


# Code in any form


def test_inline_code_becomes_a_folder(find: Find) -> None:
    files = {
        "template.yaml": """
    Resources:
      Worker:
        Type: AWS::Lambda::Function
        Properties:
          Runtime: python3.12
          Handler: index.handler
          Code: {ZipFile: !Sub "REGION = '${AWS::Region}'"}
    """
    }
    function = find(files)
    assert (function.code_uri / "index.py").read_text() == "REGION = 'us-east-1'"
    assert find(files).code_uri == function.code_uri
    script = files["template.yaml"].replace("python3.12", "nodejs22.x")
    assert (find({"template.yaml": script}).code_uri / "index.js").is_file()


ZIPPED = """
    Resources:
      Worker:
        Type: AWS::Serverless::Function
        Properties: {Runtime: python3.12, Handler: app.handler, CodeUri: code.zip}
"""


def test_a_zip_becomes_a_folder_and_a_changed_one_another(find: Find, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as archive:
        archive.writestr("pkg/app.py", "x = 1")
        program = zipfile.ZipInfo("bootstrap")
        program.external_attr = (stat.S_IFREG | 0o755) << 16
        archive.writestr(program, "#!/bin/sh")
        link = zipfile.ZipInfo("app.py")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "pkg/app.py")
    folder = find({"template.yaml": ZIPPED}).code_uri
    assert (folder / "app.py").read_text() == "x = 1"
    assert os.access(folder / "bootstrap", os.X_OK)
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as archive:
        archive.writestr("app.py", "x = 2")
    assert (find({"template.yaml": ZIPPED}).code_uri / "app.py").read_text() == "x = 2"


def test_code_that_is_one_file_runs_where_it_lies_and_says_what_is_not_deployed(
    find: Find, tmp_path: Path
) -> None:
    """`sam package` and `aws cloudformation package` zip such a file."""
    template = ZIPPED.replace("code.zip", "src/app.py")
    function = find({"template.yaml": template, "src/app.py": "x = 1"})
    assert function.code_uri == tmp_path / "src"
    (note,) = notes(function)
    assert note.endswith("On AWS its code is app.py alone, without what lies beside it.")


def test_a_zip_is_known_by_what_is_in_it(find: Find, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "code.package", "w") as archive:
        archive.writestr("app.py", "x = 1")
    template = ZIPPED.replace("code.zip", "code.package")
    assert (find({"template.yaml": template}).code_uri / "app.py").read_text() == "x = 1"


def test_what_is_neither_a_folder_nor_a_file_is_no_code(find: Find, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "code.zip")
    assert "neither a folder nor a zip nor" in refusal(find, {"template.yaml": ZIPPED}).problem


def _hostile(name: str, content: str = "x", mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr = mode << 16
    return member


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ([("../evil.py", "x", 0o100644)], "leads out of the folder"),
        ([("/evil.py", "x", 0o100644)], "leads out of the folder"),
        ([("a/../../evil.py", "x", 0o100644)], "leads out of the folder"),
        ([("..\\evil.py", "x", 0o100644)], "leads out of the folder"),
        ([("link", "/etc/passwd", 0o120777)], "leads out of the folder"),
        ([("a/link", "../../x", 0o120777)], "leads out of the folder"),
        ([("d", ".", 0o120777), ("d/x", "..", 0o120777)], "lies behind another one"),
    ],
)
def test_a_zip_writes_nothing_outside_its_folder(
    tmp_path: Path, own_cache: Path, members: list[tuple[str, str, int]], problem: str
) -> None:
    path = tmp_path / "code.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content, mode in members:
            archive.writestr(_hostile(name, content, mode), content)
    with pytest.raises(InputError, match=problem):
        folder_of_zip(path, "template.yaml, Worker")
    assert [each for each in own_cache.rglob("*") if each.name != "code"] in (
        [],
        [own_cache / "kcli"],
    )


def test_nothing_is_written_through_a_link_of_the_zip(tmp_path: Path) -> None:
    path = tmp_path / "code.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(_hostile("d", mode=0o120777), "elsewhere")
        archive.writestr("d/evil.py", "x")
    with pytest.raises(InputError, match="cannot be unpacked"):
        folder_of_zip(path, "")


@pytest.mark.slow
def test_a_bomb_is_stopped_at_lambdas_limit(tmp_path: Path, own_cache: Path) -> None:
    path = tmp_path / "code.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("zeros", "w", force_zip64=True) as member,
    ):
        for _ in range((MAX_UNPACKED >> 20) + 1):
            member.write(bytes(1 << 20))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(InputError, match="larger than 250 MB unpacked"):
        folder_of_zip(path, "")
    assert not any(each.is_file() for each in own_cache.rglob("*"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and then nothing", b"no zip at all" * 99])
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "code.zip"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is not a zip that can be unpacked"):
        folder_of_zip(path, "")


IMAGE = """
    Resources:
      Worker:
        Type: AWS::Serverless::Function
        Metadata: {DockerContext: ./src, Dockerfile: Dockerfile}
        Properties:
          PackageType: Image
          Timeout: 20
          Environment: {Variables: {MODE: strict}}
          Events: {In: {Type: Kinesis, Properties: {Stream: x, BatchSize: 7}}}
"""


def test_an_image_runs_as_its_refusal_says(find: Find, tmp_path: Path) -> None:
    files = {
        "template.yaml": IMAGE,
        "src/Dockerfile": 'FROM public.ecr.aws/lambda/python:3.13\nCOPY . .\nCMD ["app.handler"]\n',
        "src/app.py": "def handler(event, context): pass\n",
    }
    error = refusal(find, files)
    assert error.advice.endswith("src/app.py:handler.")
    handler = error.advice.rpartition(" ")[2].rstrip(".")
    function = find(files, template=Path("template.yaml"), handler=handler)
    assert function.code_uri == tmp_path / "src"
    assert (function.timeout, function.environment) == (20.0, {"MODE": "strict"})
    assert function.mapping is not None
    assert function.mapping["BatchSize"] == 7


@pytest.mark.parametrize("code", ["s3://bucket/key", "{Bucket: b, Key: k}", "nowhere", "code.tar"])
def test_code_that_is_not_here_is_taken_from_the_handler(find: Find, code: str) -> None:
    files = {
        "template.yaml": ZIPPED.replace("code.zip", code),
        "code.tar": "",
        "src/app.py": "def handler(event, context): pass\n",
    }
    error = refusal(find, files)
    assert "src/app.py:handler" in error.advice
    function = find(files, template=Path("template.yaml"), handler="src/app.py:handler")
    assert function.handler == "src/app.py:handler"
    assert find(files, template=Path("template.yaml"), handler="src.app.handler").handler


# Nested templates

CHILD = """
    Parameters: {Batch: {Type: Number}, StreamArn: {Type: String}}
    Resources:
      Worker:
        Type: AWS::Serverless::Function
        Properties:
          Runtime: python3.13
          Handler: app.handler
          CodeUri: ../src
          Events:
            In:
              Type: Kinesis
              Properties: {Stream: !Ref StreamArn, StartingPosition: LATEST, BatchSize: !Ref Batch}
"""
STREAMS = """
    Resources: {Orders: {Type: AWS::Kinesis::Stream, Properties: {Name: orders}}}
    Outputs: {Arn: {Value: !GetAtt Orders.Arn}}
"""
PARENT = """
    Resources:
      Streams: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: nested/streams.yaml}}
      Consumer:
        Type: AWS::Serverless::Application
        Properties:
          Location: nested/child.yaml
          Parameters: {Batch: 7, StreamArn: !GetAtt Streams.Outputs.Arn}
      Remote:
        Type: AWS::Serverless::Application
        Properties: {Location: {ApplicationId: a, SemanticVersion: 1.0.0}}
"""


def test_nested_templates_on_this_machine_are_followed(find: Find, tmp_path: Path) -> None:
    files = {
        "template.yaml": PARENT,
        "nested/child.yaml": CHILD,
        "nested/streams.yaml": STREAMS,
    }
    function = find(files)
    assert function.mapping is not None
    assert function.mapping["BatchSize"] == 7
    assert str(function.mapping["EventSourceArn"]).endswith(":stream/orders")
    assert function.code_uri == tmp_path / "src"
    assert find(files, function="Consumer/Worker").name == "Worker"
    assert find(files, function="Worker").name == "Worker"


def test_a_template_that_is_nested_in_itself_ends(find: Find) -> None:
    files = {
        "template.yaml": PARENT.replace("nested/child.yaml", "template.yaml"),
        "nested/streams.yaml": STREAMS,
    }
    problem = refusal(find, files).problem
    assert problem.startswith("has no Lambda function; Consumer is not followed")
    assert "Remote is not followed: its Location is not a file of this machine" in problem


def test_what_could_bring_more_resources_is_named_as_not_followed(find: Find) -> None:
    text = """
    Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
    Resources:
      Fn::ForEach::Workers: [Name, [a, b], {"Worker${Name}": {Type: AWS::Serverless::Function}}]
      Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/k}}
      Shared: {Type: "My::Shared::Thing::MODULE"}
    """
    problem = refusal(find, {"template.yaml": text}).problem
    for name in ("Fn::ForEach::Workers", "Fn::Transform", "Shared"):
        assert f"{name} is not followed" in problem


# Other tools


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"cdk.json": '{"app": "python app.py"}'}, "cdk synth"),
        ({"serverless.yml": "service: orders"}, "serverless package"),
        ({"main.tf": ""}, "terraform show -json tfplan > plan.json"),
        ({"samconfig.toml": "version = 0.1"}, "--template FILE"),
        ({"package.json": '{"devDependencies": {"@types/aws-lambda": "8"}}'}, "--template FILE"),
        ({"go.mod": "require github.com/aws/aws-lambda-go v1.50.0"}, "--template FILE"),
        ({"Cargo.toml": '[dependencies]\nlambda_runtime = "1"'}, "--template FILE"),
        ({"index.js": "exports.handler = async (event) => 1"}, "--handler index.js:handler"),
        ({"index.mjs": "export const run = async event => 1"}, "--handler index.mjs:run"),
        ({"src/app.py": "def run(event, context): pass"}, "--handler src/app.py:run"),
        ({"infra/cdk.json": "{}"}, "Run kcli in infra"),
        ({"infra/orders.yaml": ZIPPED}, "--template infra/orders.yaml"),
    ],
)
def test_a_project_without_a_template_is_never_given_the_sample_function(
    find: Find, files: dict[str, str], command: str
) -> None:
    assert command in refusal(find, files).advice


def test_an_unrelated_package_is_no_project(find: Find) -> None:
    others = {"go.mod": "require example.com/other v1", "Cargo.toml": '[dependencies]\na = "1"'}
    function = find({"package.json": '{"dependencies": {"react": "19"}}', **others})
    assert function.origin.startswith("kcli's own template")
    assert function.origin.endswith("there is no template here")


def test_a_template_above_comes_before_what_only_may_be_a_project(
    find: Find, tmp_path: Path
) -> None:
    find({"template.yaml": IMAGE.replace("PackageType: Image", "Handler: a.b, "[:-2]), "x": ""})
    (tmp_path / "src" / "package.json").write_text('{"dependencies": {"aws-lambda": "1"}}')
    assert find_function(directory=tmp_path / "src").origin.startswith("template.yaml")


def _synthesised(folder: Path, name: str, resources: dict[str, object], **more: object) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_text("{}")
    (folder / f"{name}.template.json").write_text(json.dumps({"Resources": resources, **more}))


CDK_FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Code": {"S3Bucket": "b", "S3Key": "abc.zip"},
        "Handler": "app.handler",
        "Runtime": "python3.13",
    },
    "Metadata": {"aws:asset:path": "asset.abc"},
}


def test_after_cdk_synth_the_stack_that_kinesis_feeds_is_found(find: Find, tmp_path: Path) -> None:
    out = tmp_path / "cdk.out"
    _synthesised(
        out,
        "Streams",
        {"S": {"Type": "AWS::Kinesis::Stream", "Properties": {"RetentionPeriodHours": 48}}},
        Outputs={"Ex": {"Value": {"Fn::GetAtt": ["S", "Arn"]}, "Export": {"Name": "Streams:Arn"}}},
    )
    mapping = {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "EventSourceArn": {"Fn::ImportValue": "Streams:Arn"},
            "FunctionName": {"Ref": "F"},
            "StartingPosition": "LATEST",
        },
    }
    _synthesised(out, "Api", {"F": CDK_FUNCTION})
    _synthesised(out, "Worker", {"F": CDK_FUNCTION, "M": mapping})
    (out / "asset.abc").mkdir()
    function = find({"cdk.json": "{}"})
    assert function.origin.startswith("Worker.template.json, F")
    assert function.code_uri == out / "asset.abc"
    assert function.stream is not None
    assert (function.stream.name, function.stream.retention_hours) == ("S", 48)
    _synthesised(out, "Other", {"F": CDK_FUNCTION, "M": mapping})
    error = refusal(find, {})
    assert "Other.template.json, Worker.template.json" in error.problem
    assert f"--template {out / 'Other.template.json'}" in error.advice


def test_what_serverless_package_made_is_found_with_its_zip(find: Find, tmp_path: Path) -> None:
    packaged = tmp_path / ".serverless"
    packaged.mkdir()
    with zipfile.ZipFile(packaged / "orders.zip", "w") as archive:
        archive.writestr("src/app.py", "")
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {"S3Bucket": {"Ref": "B"}, "S3Key": "serverless/orders/dev/1-2/orders.zip"},
            "Handler": "src/app.handler",
            "Runtime": "python3.13",
            "FunctionName": "orders-dev-worker",
        },
    }
    document = {"Resources": {"WorkerLambdaFunction": function}}
    file = packaged / "cloudformation-template-update-stack.json"
    file.write_text(json.dumps(document))
    found = find({"serverless.yml": "service: orders"})
    assert found.name == "orders-dev-worker"
    assert (found.code_uri / "src" / "app.py").is_file()


def test_a_stub_without_resources_blocks_only_what_needs_some(find: Find) -> None:
    assert refusal(find, {"template.yaml": "Transform: AWS::Serverless-2016-10-31"}).problem == (
        "has no Resources"
    )


def test_a_handler_without_a_template_is_not_passed_over_for_the_sample_function(
    find: Find,
) -> None:
    error = refusal(find, {"src/app.py": "def handler(event, _context): pass\n"})
    assert error.advice == "Name it with --handler src/app.py:handler."
    assert find({}, handler="src/app.py:handler").handler == "src/app.py:handler"


def test_a_template_without_functions_does_not_hide_the_tool_that_makes_them(find: Find) -> None:
    files = {"template.yaml": "Resources: {Q: {Type: AWS::SQS::Queue}}", "cdk.json": "{}"}
    assert "cdk synth" in refusal(find, files).advice


def test_cdks_logical_ids_need_not_be_written_whole(find: Find) -> None:
    text = ZIPPED.replace("Worker", "Worker1A2B3C4D").replace("code.zip", "src")
    assert find({"template.yaml": text}, function="Worker").name == "Worker1A2B3C4D"


# Terraform


def _plan(**more: object) -> dict[str, object]:
    """As `terraform show -json` prints a plan: what is not known yet is not there."""

    def resource(type_: str, values: dict[str, object], module: str = "") -> dict[str, object]:
        address = f"{module}{type_}.this"
        return {
            "address": address,
            "mode": "managed",
            "type": type_,
            "name": "this",
            "values": values,
        }

    def reference(*names: str) -> dict[str, object]:
        return {"references": list(names)}

    worker = {
        "resources": [
            resource(
                "aws_lambda_function",
                {
                    "function_name": "worker",
                    "handler": "app.handler",
                    "runtime": "python3.11",
                    "filename": "./worker/code.zip",
                    "timeout": 20,
                    "memory_size": 256,
                    "reserved_concurrent_executions": -1,
                    "environment": [{"variables": {"MODE": "strict"}}],
                },
                "module.worker.",
            ),
            resource(
                "aws_lambda_event_source_mapping",
                {
                    "starting_position": "TRIM_HORIZON",
                    "batch_size": 7,
                    "maximum_retry_attempts": 2,
                    "function_response_types": ["ReportBatchItemFailures"],
                    "filter_criteria": [{"filter": [{"pattern": '{"data":{"a":[1]}}'}]}],
                    "destination_config": [{"on_failure": [{}]}],
                },
                "module.worker.",
            ),
        ],
        "address": "module.worker",
    }
    root = {
        "resources": [
            resource(
                "aws_kinesis_stream", {"name": "orders", "shard_count": 2, "retention_period": 48}
            )
        ],
        "child_modules": [worker],
    }
    configuration = {
        "module_calls": {
            "worker": {
                "source": "./worker",
                "expressions": {
                    "stream_arn": reference(
                        "aws_kinesis_stream.this.arn", "aws_kinesis_stream.this"
                    )
                },
                "module": {
                    "resources": [
                        {
                            "type": "aws_lambda_event_source_mapping",
                            "name": "this",
                            "expressions": {
                                "event_source_arn": reference("var.stream_arn"),
                                "function_name": reference(
                                    "aws_lambda_function.this.arn", "aws_lambda_function.this"
                                ),
                            },
                        }
                    ]
                },
            }
        }
    }
    archive = {
        "type": "archive_file",
        "mode": "data",
        "values": {"output_path": "./worker/code.zip", "source_dir": "./worker/src"},
    }
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": root},
        "prior_state": {"values": {"root_module": {"resources": [archive]}}},
        "configuration": {"root_module": configuration},
        **more,
    }


def test_a_plan_of_terraform_says_everything(find: Find, tmp_path: Path) -> None:
    function = find(
        {
            "main.tf": "",
            "plan.json": json.dumps(_plan()),
            "worker/src/app.py": "def handler(event, context): pass\n",
        }
    )
    assert function.code_uri == tmp_path / "worker" / "src"
    assert (function.name, function.handler, function.timeout) == ("worker", "app.handler", 20.0)
    assert function.environment == {"MODE": "strict"}
    assert function.mapping == {
        "EventSourceArn": "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 7,
        "MaximumRetryAttempts": 2,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "FilterCriteria": {"Filters": [{"Pattern": '{"data":{"a":[1]}}'}]},
    }
    assert function.stream is not None
    assert (function.stream.shards, function.stream.retention_hours) == (2, 48)
    assert notes(function) == [
        "plan.json, module.worker.aws_lambda_function.this: "
        "module.worker.aws_lambda_event_source_mapping.this.DestinationConfig is left out here: "
        "module.worker.aws_lambda_event_source_mapping.this.destination_arn is known only after "
        "deployment."
    ]


def test_a_state_of_terraform_is_read_too(find: Find) -> None:
    plan = _plan()
    document = {"format_version": "1.0", "values": plan["planned_values"]}
    root = document["values"]["root_module"]  # type: ignore[index]
    mapping = root["child_modules"][0]["resources"][1]["values"]
    stream = "arn:aws:kinesis:eu-west-1:111122223333:stream/orders"
    mapping["event_source_arn"] = stream
    mapping["function_name"] = "arn:aws:lambda:eu-west-1:111122223333:function:worker"
    root["child_modules"][0]["resources"][0]["values"]["filename"] = "src"
    files = {"state.json": json.dumps(document)}
    function = find(files, template=Path("state.json"))
    assert function.mapping is not None
    assert function.mapping["EventSourceArn"] == stream


@pytest.mark.parametrize(
    "damage",
    [
        {"planned_values": None, "values": None},
        {"planned_values": {"root_module": {"resources": [None, 1, {"mode": "managed"}]}}},
        {"configuration": [1]},
        {"configuration": {"root_module": {"module_calls": {"worker": {"expressions": 1}}}}},
        {"prior_state": "x"},
    ],
)
def test_a_strange_plan_ends_in_a_sentence_or_a_function(
    find: Find, damage: dict[str, object]
) -> None:
    files = {"main.tf": "", "plan.json": json.dumps(_plan(**damage)), "worker/src/app.py": ""}
    with contextlib.suppress(InputError):
        assert find(files).name == "worker"


# What templates hold that a loader may stumble over


def test_a_function_that_its_condition_leaves_out_is_named(find: Find) -> None:
    text = ZIPPED.replace("code.zip", "src").replace(
        "Type: AWS::Serverless::Function",
        "Condition: Prod\n        Type: AWS::Serverless::Function",
    )
    text += """
    Parameters: {Stage: {Type: String, Default: dev}}
    Conditions: {Prod: !Equals [!Ref Stage, prod]}
    """
    problem = refusal(find, {"template.yaml": text}).problem
    assert problem == "has no Lambda function; Worker is left out: its condition Prod is false"
    assert find({"template.yaml": text}, parameter_overrides=["Stage=prod"]).name == "Worker"


def test_a_misspelt_parameter_is_refused(find: Find) -> None:
    files = {"template.yaml": PARAMETERS}
    error = refusal(find, files, parameter_overrides=["Tabel=orders"])
    assert error.problem == "there is no parameter Tabel, only Retries, Table, Stored"
    assert error.advice == "Did you mean Table?"


def test_keys_and_dates_are_texts(find: Find) -> None:
    files = {
        "template.yaml": """
    Mappings: {Accounts: {123456789012: {stage: dev}}}
    Resources:
      Worker:
        Type: AWS::Serverless::Function
        Properties:
          Runtime: python3.11
          Handler: app.handler
          CodeUri: src
          Description: 2021-99-99
          Environment:
            Variables:
              SINCE: 2021-01-31
              STAGE: !FindInMap [Accounts, !Ref AWS::AccountId, stage]
    """
    }
    assert find(files).environment == {"SINCE": "2021-01-31", "STAGE": "dev"}


@pytest.mark.parametrize(
    "text",
    [
        "Resources: {? [a, b] : {Type: AWS::Lambda::Function}}",
        "Resources: !!timestamp 2021-99-99",
        "Resources: !!int x",
        "Resources: !!binary x",
        "Resources: !!python/object:os.system x",
        "Resources: *nobody",
        "Resources: {W: }",
        "Resources: {W: {Type: AWS::Lambda::Function, Properties: }}",
        "Resources: {M: {Type: AWS::Lambda::EventSourceMapping}}",
        "Resources: {W: {Type: AWS::Serverless::Function, Properties: {Events: [1]}}}",
        '{"Resources": ' + "[" * 100_000,
        "[" * 100_000,
    ],
)
def test_whatever_stands_in_a_template_ends_in_a_sentence(find: Find, text: str) -> None:
    error = refusal(find, {"template.yaml": text})
    assert "template.yaml" in error.place
    assert error.problem
