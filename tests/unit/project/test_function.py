"""From what users have (SAM, CloudFormation, CDK, no template) to the function that is meant."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.project.find import find_function
from kinesis_cli.project.function import Function

# That of the Python which runs the tests, so that nothing is said of another one.
PLACE, RUNTIME = "PYTHON_OF_TESTS", f"python{sys.version_info.major}.{sys.version_info.minor}"
Find = Callable[..., Function]


@pytest.fixture(autouse=True)
def no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def find(tmp_path: Path) -> Find:
    """Writes a template and finds the function in it."""

    def find(template: str | Mapping[str, object], **options: object) -> Function:
        (tmp_path / "src").mkdir(exist_ok=True)
        if isinstance(template, str):
            (tmp_path / "template.yaml").write_text(dedent(template).replace(PLACE, RUNTIME))
        else:
            (tmp_path / "template.json").write_text(json.dumps(template).replace(PLACE, RUNTIME))
        return find_function(directory=tmp_path, **options)  # type: ignore[arg-type]

    return find


def refusal(find: Find, template: str | Mapping[str, object], **options: object) -> InputError:
    with pytest.raises(InputError) as caught:
        find(template, **options)
    return caught.value


FULL = """
    Transform: AWS::Serverless-2016-10-31
    Parameters:
      BatchSize: {Type: Number, Default: 250}
      Stage: {Type: String, Default: dev}
    Conditions:
      IsProduction: !Equals [!Ref Stage, prod]
    Mappings:
      Retries: {dev: {Count: 2}, prod: {Count: 9}}
    Globals:
      Function:
        Runtime: PYTHON_OF_TESTS
        Timeout: 7
        MemorySize: 256
        Environment: {Variables: {STAGE: !Ref Stage, SHARED: global}}
    Resources:
      Stream: {Type: AWS::Kinesis::Stream, Properties: {Name: !Sub "readings-${Stage}"}}
      Queue: {Type: AWS::SQS::Queue}
      Readings:
        Type: AWS::Serverless::Function
        Properties:
          CodeUri: src/
          Handler: app.handler
          Timeout: !If [IsProduction, 60, 11]
          Environment:
            Variables:
              SHARED: own
              QUEUE: !Ref Queue
              STREAM_ARN: !GetAtt Stream.Arn
              JOINED: !Join ["-", [a, !Ref "AWS::Region", !Ref "AWS::AccountId"]]
              FLAG: true
              NOTHING: !If [IsProduction, x, !Ref "AWS::NoValue"]
          Events:
            Readings:
              Type: Kinesis
              Properties:
                Stream: !GetAtt Stream.Arn
                StartingPosition: LATEST
                BatchSize: !Ref BatchSize
                MaximumRetryAttempts: !FindInMap [Retries, !Ref Stage, Count]
                BisectBatchOnFunctionError: "true"
                FunctionResponseTypes: [ReportBatchItemFailures]
                FilterCriteria: {Filters: [{Pattern: '{"data": {"temperature": [1]}}'}]}
                DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Queue.Arn}}
"""


def test_a_sam_template_says_everything(find: Find, tmp_path: Path) -> None:
    function = find(FULL)
    assert function.code_uri == tmp_path / "src"
    assert (function.name, function.handler) == ("Readings", "app.handler")
    assert (function.timeout, function.memory_size) == (11.0, 256)
    assert function.runtime == RUNTIME
    assert function.origin == function.mapping_origin == "template.yaml, Readings"
    assert function.environment == {
        "STAGE": "dev",
        "SHARED": "own",
        "QUEUE": "https://sqs.us-east-1.amazonaws.com/123456789012/Queue",
        "STREAM_ARN": "arn:aws:kinesis:us-east-1:123456789012:stream/readings-dev",
        "JOINED": "a-us-east-1-123456789012",
        "FLAG": "true",
    }
    assert function.mapping == {
        "EventSourceArn": "arn:aws:kinesis:us-east-1:123456789012:stream/readings-dev",
        "StartingPosition": "LATEST",
        "BatchSize": 250,
        "MaximumRetryAttempts": 2,
        "BisectBatchOnFunctionError": True,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "FilterCriteria": {"Filters": [{"Pattern": '{"data": {"temperature": [1]}}'}]},
        "DestinationConfig": {
            "OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:Queue"}
        },
    }
    assert function.notes == ()


def test_a_runtime_that_nobody_names_is_not_guessed(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context): pass\n")
    assert find_function(handler="app.py:handler", directory=tmp_path).runtime == ""


def test_the_region_is_the_environments(find: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert find(FULL).environment["JOINED"] == "a-eu-central-1-123456789012"


MINIMAL = """
    Resources:
      Only:
        Type: AWS::Serverless::Function
        Properties: {Handler: app.handler, CodeUri: src, Runtime: PYTHON_OF_TESTS}
"""


def test_what_is_absent_has_awss_default(find: Find) -> None:
    function = find(MINIMAL)
    assert (function.timeout, function.memory_size, function.mapping) == (3.0, 128, None)
    assert function.origin == "template.yaml, Only (Timeout is AWS's default, 3 s)"
    assert function.mapping_origin == "AWS's defaults"


def test_the_template_is_found_upwards(find: Find, tmp_path: Path) -> None:
    find(MINIMAL)
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert find_function(directory=deep).code_uri == tmp_path / "src"


@pytest.mark.parametrize("name", ["template.yml", "template.json"])
def test_other_names_of_templates_are_found(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(
        '{"Resources": {"F": {"Type": "AWS::Lambda::Function",'
        ' "Properties": {"Handler": "a.b", "Runtime": "PYTHON_OF_TESTS", "Code": "."}}}}'
    )
    assert find_function(directory=tmp_path).origin.startswith(f"{name}, F")


def test_without_any_template_it_is_the_function_that_kcli_ships(tmp_path: Path) -> None:
    function = find_function(directory=tmp_path)
    assert function.handler == "new_message_processor.handler.function_handler"
    assert function.origin == ("kcli's own template, NewMessageFunction: there is no template here")
    assert (function.code_uri / "new_message_processor" / "handler.py").is_file()
    assert function.mapping is not None
    assert function.mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert function.is_sample
    assert function.notes == ()


@pytest.mark.parametrize(
    ("option", "named"),
    [
        ("--python", {"python": "/nowhere/python"}),
        ("--parameter-overrides", {"parameter_overrides": ["Stage=dev"]}),
    ],
)
def test_what_is_for_a_projects_function_is_refused_where_kclis_own_runs(
    tmp_path: Path, option: str, named: dict[str, Any]
) -> None:
    with pytest.raises(InputError, match="^" + option) as refused:
        find_function(directory=tmp_path, **named)
    assert refused.value.problem.endswith("and there is no template here or above")
    assert "--template" in refused.value.advice


def test_a_handler_alone_reads_no_template(find: Find, tmp_path: Path) -> None:
    function = find(FULL, handler="mine.handler")
    assert (function.handler, function.code_uri) == ("mine.handler", tmp_path)
    assert (function.timeout, function.mapping, dict(function.environment)) == (900.0, None, {})
    assert "Timeout 900 s" in function.origin


def test_a_file_may_lie_anywhere(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "mine.py").touch()
    function = find_function(handler="code/mine.py:handler", directory=tmp_path)
    assert (function.handler, function.code_uri) == ("code/mine.py:handler", tmp_path / "code")


def test_a_handler_with_a_template_keeps_the_templates_settings(find: Find, tmp_path: Path) -> None:
    (tmp_path / "other.py").touch()
    template = tmp_path / "template.yaml"
    find(FULL)
    by_module = find_function(template=template, handler="mine.handler", directory=tmp_path)
    assert (by_module.handler, by_module.code_uri) == ("mine.handler", tmp_path / "src")
    by_file = find_function(template=template, handler="other.py:handler", directory=tmp_path)
    assert by_file.code_uri == tmp_path
    assert (by_file.timeout, by_file.environment["STAGE"]) == (11.0, "dev")
    assert by_file.mapping == find(FULL).mapping
    assert by_file.origin == "--handler, settings of template.yaml, Readings"


@pytest.mark.parametrize(
    ("handler", "problem", "advice"),
    [
        ("nofile.py:f", "there is no file nofile.py", ""),
        (
            "handler",
            "'handler' names no function",
            "Write module.function or path/file.py:function, package.Class::method for Java, or "
            "the path of an executable.",
        ),
        ("nope.mod:f", "'nope.mod:f' names no function", "Did you mean nope.mod.f?"),
        ("src/app:f", "'src/app:f' names no function", "Did you mean src/app.py:f?"),
        ("here:f", "'here:f' names no function", "Did you mean here.py:f?"),
        (
            "here.py",
            "'here.py' names no function",
            "Name the function in it, too: here.py:function.",
        ),
    ],
)
def test_a_handler_that_names_nothing_is_refused(
    tmp_path: Path, handler: str, problem: str, advice: str
) -> None:
    (tmp_path / "here.py").touch()
    with pytest.raises(InputError) as caught:
        find_function(handler=handler, directory=tmp_path)
    assert (str(caught.value), caught.value.advice) == (f"--handler: {problem}", advice)


def test_a_function_of_a_template_and_a_handler_without_one_contradict(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--function chooses from a template"):
        find_function(handler="a.b", function="F", directory=tmp_path)


TWO = """
    Resources:
      One: &function
        Type: AWS::Serverless::Function
        Properties:
          Handler: app.handler
          CodeUri: src
          Runtime: PYTHON_OF_TESTS
          Events: {E: {Type: Kinesis, Properties: {Stream: "arn:aws:kinesis:eu-west-1:1:stream/s"}}}
      Two: *function
      Api:
        Type: AWS::Serverless::Function
        Properties: {Handler: api.handler, CodeUri: src, Runtime: nodejs22.x}
"""


def test_one_of_several_functions_is_chosen(find: Find) -> None:
    error = refusal(find, TWO)
    assert error.problem == "has 2 functions fed by Kinesis: One, Two"
    assert error.advice == "Choose one with --function."
    assert find(TWO, function="Two").origin.startswith("template.yaml, Two")
    assert refusal(find, TWO, function="Three").problem == (
        "has no function Three, it has One, Two, Api"
    )


def test_the_function_fed_by_kinesis_is_meant(find: Find) -> None:
    api_apart = TWO.replace("Two: *function", "")
    assert find(api_apart).origin.startswith("template.yaml, One")


def test_globals_are_merged_by_sams_rules(find: Find) -> None:
    function = find("""
        Globals:
          Function:
            Runtime: python3.12
            Handler: ignored.handler
            Environment: {Variables: {A: global, B: global}}
        Resources:
          F:
            Type: AWS::Serverless::Function
            Properties:
              Handler: app.handler
              CodeUri: src
              Environment: {Variables: {B: own, C: own}}
          Plain:
            Type: AWS::Lambda::EventSourceMapping
            Properties: {FunctionName: !Ref F, EventSourceArn: "arn:aws:kinesis:x:1:stream/s"}
    """)
    assert function.environment == {"A": "global", "B": "own", "C": "own"}
    assert function.handler == "app.handler"
    assert function.mapping == {"EventSourceArn": "arn:aws:kinesis:x:1:stream/s"}


CDK: dict[str, object] = {
    "Resources": {
        "Stream790BDEE4": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}},
        "Handler886CB40B": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"S3Bucket": {"Fn::Sub": "cdk-${AWS::AccountId}"}, "S3Key": "abc.zip"},
                "Handler": "app.handler",
                "Runtime": "PYTHON_OF_TESTS",
                "Timeout": 30,
                "Environment": {"Variables": {"STREAM": {"Ref": "Stream790BDEE4"}}},
            },
            "Metadata": {"aws:cdk:path": "S/Handler", "aws:asset:path": "asset.abc"},
        },
        "Custom": {
            "Type": "AWS::Lambda::Function",
            "Properties": {"Handler": "index.handler", "Runtime": "nodejs22.x"},
        },
        "Source1": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "BatchSize": 10,
                "EventSourceArn": {"Fn::GetAtt": ["Stream790BDEE4", "Arn"]},
                "FunctionName": {"Ref": "Handler886CB40B"},
                "StartingPosition": "TRIM_HORIZON",
            },
        },
        "Source2": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": "arn:aws:sqs:us-east-1:1:queue",
                "FunctionName": {"Ref": "Handler886CB40B"},
            },
        },
    }
}


def test_a_synthesised_cdk_template_is_read(tmp_path: Path) -> None:
    output = tmp_path / "cdk.out"
    (output / "asset.abc").mkdir(parents=True)
    (output / "S.template.json").write_text(json.dumps(CDK).replace(PLACE, RUNTIME))
    function = find_function(template=Path("cdk.out/S.template.json"), directory=tmp_path)
    assert function.code_uri == output / "asset.abc"
    assert (function.handler, function.timeout) == ("app.handler", 30.0)
    assert function.mapping == {
        "BatchSize": 10,
        "EventSourceArn": "arn:aws:kinesis:us-east-1:123456789012:stream/Stream790BDEE4",
        "StartingPosition": "TRIM_HORIZON",
    }
    assert function.environment == {"STREAM": "Stream790BDEE4"}
    assert function.notes == (
        "S.template.json, Handler886CB40B: Environment.Variables.STREAM is 'Stream790BDEE4': "
        "the name of Stream790BDEE4 is known only after deployment.",
    )


def test_what_cannot_be_followed_is_named_once(find: Find) -> None:
    function = find("""
        Parameters:
          NoDefault: {Type: String}
          FromStore: {Type: "AWS::SSM::Parameter::Value<String>", Default: /x}
        Resources:
          F:
            Type: AWS::Serverless::Function
            Properties:
              Handler: app.handler
              Runtime: PYTHON_OF_TESTS
              CodeUri: src
              Layers: [!Ref NoDefault]
              VpcConfig: {SubnetIds: [a]}
              Environment:
                Variables:
                  IMPORTED: !ImportValue other-stack
                  PARAMETER: !Ref NoDefault
                  STORE: !Sub "x-${FromStore}"
                  SECRET: "{{resolve:secretsmanager:s}}"
                  NOBODY: !GetAtt Nobody.Thing
              Events:
                E:
                  Type: Kinesis
                  Properties:
                    Stream: !ImportValue stream
                    StartingPosition: LATEST
                    BatchSize: !Ref NoDefault
                    FilterCriteria: {Filters: [{Pattern: {data: {a: [1]}}}]}
                    Misspelt: 3
                Second: {Type: Kinesis, Properties: {}}
    """)
    place = "template.yaml, F: "
    assert [note.removeprefix(place) for note in function.notes] == [
        "Second is left out: kcli delivers from one stream, that of E.",
        "E.Stream is left out here: stream is exported by another stack "
        "(give it with --parameter-overrides stream=VALUE).",
        "E.BatchSize is left out here: the parameter NoDefault has no default "
        "(give it with --parameter-overrides NoDefault=VALUE).",
        "E.FilterCriteria holds a pattern that is not text: AWS wants the JSON as a string.",
        "E.Misspelt is not acted on: no setting of a Kinesis mapping.",
        "VpcConfig is not acted on: the handler has the network of this machine.",
        "a layer is not on the path: the parameter NoDefault has no default "
        "(give it with --parameter-overrides NoDefault=VALUE).",
        "Environment.Variables.IMPORTED is empty here: other-stack is exported by another stack "
        "(give it with --parameter-overrides other-stack=VALUE).",
        "Environment.Variables.PARAMETER is empty here: the parameter NoDefault has no default "
        "(give it with --parameter-overrides NoDefault=VALUE).",
        "Environment.Variables.STORE is empty here: "
        "/x is read from the Parameter Store by AWS (give it with --parameter-overrides /x=VALUE).",
        "Environment.Variables.SECRET is empty here: s is read by AWS only "
        "(give it with --parameter-overrides s=VALUE).",
        "Environment.Variables.NOBODY is empty here: Nobody.Thing is known only after deployment.",
    ]
    assert function.mapping == {
        "StartingPosition": "LATEST",
        "FilterCriteria": {"Filters": [{"Pattern": '{"data": {"a": [1]}}'}]},
    }


@pytest.mark.parametrize(
    ("config", "variables"),
    [
        ("{LogFormat: JSON}", {"FORMAT": "JSON", "LEVEL": "INFO"}),
        ("{LogFormat: JSON, ApplicationLogLevel: DEBUG}", {"FORMAT": "JSON", "LEVEL": "DEBUG"}),
        ("{LogFormat: Text}", {}),
    ],
)
def test_the_logging_config_becomes_lambdas_variables(
    find: Find, config: str, variables: dict[str, str]
) -> None:
    template = MINIMAL.replace("Runtime:", f"LoggingConfig: {config}, Runtime:")
    assert find(template).environment == {
        f"AWS_LAMBDA_LOG_{name}": value for name, value in variables.items()
    }


def test_the_level_of_lambdas_own_lines_is_read_and_checked(find: Find) -> None:
    config = "LoggingConfig: {LogFormat: JSON, SystemLogLevel: %s}, Runtime:"
    assert find(MINIMAL).system_log_level == "INFO"
    assert find(MINIMAL.replace("Runtime:", config % "WARN")).system_log_level == "WARN"
    with pytest.raises(InputError, match="SystemLogLevel is 'ERROR'") as raised:
        find(MINIMAL.replace("Runtime:", config % "ERROR"))
    assert raised.value.advice == "Lambda knows DEBUG, INFO, WARN."


VARIABLES = MINIMAL.replace(
    "Runtime:", "Environment: {Variables: {A: template, B: template, C: template}}, Runtime:"
)


def test_variables_come_from_file_then_shell_then_template(
    find: Find, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A", "shell")
    monkeypatch.setenv("B", "shell")
    monkeypatch.setenv("UNDECLARED", "shell")
    file = tmp_path / "env.json"
    file.write_text('{"Parameters": {"A": "all", "C": 7}, "Only": {"A": "own", "UNKNOWN": "x"}}')
    function = find(VARIABLES, env_vars=file)
    assert function.environment == {"A": "own", "B": "shell", "C": "7"}
    assert function.notes == (
        "template.yaml, Only: UNKNOWN of env.json is left out, as SAM does: "
        "the template gives the function no variable of this name.",
    )


def test_variables_of_a_bare_handler_are_all_taken(tmp_path: Path) -> None:
    file = tmp_path / "env.json"
    file.write_text('{"Parameters": {"A": true, "B": null}}')
    function = find_function(handler="a.b", env_vars=file, directory=tmp_path)
    assert function.environment == {"A": "true", "B": ""}


@pytest.mark.parametrize("content", ["", "[1]", '{"Parameters": 3}', None])
def test_a_file_of_variables_must_have_sams_format(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "env.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(InputError) as caught:
        find_function(handler="a.b", env_vars=file, directory=tmp_path)
    assert str(file) in caught.value.place


@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        ("Handler: a.b, PackageType: Image", "is a container image"),
        ("Runtime: PYTHON_OF_TESTS", "has no Handler"),
        ("Handler: a.b, CodeUri: s3://bucket/key", "has code that is not on this machine"),
        ("Handler: a.b, CodeUri: {Bucket: b, Key: k}", "has code that is not on this machine"),
        ("Handler: a.b, CodeUri: nowhere", "CodeUri names nowhere, and there is no"),
        ("Handler: a.b, CodeUri: src, Timeout: soon", "Timeout is 'soon', not a number above 0"),
        ("Handler: a.b, CodeUri: src, Timeout: 0", "Timeout is 0, not a number above 0"),
    ],
)
def test_a_function_that_cannot_be_run_is_refused(
    find: Find, properties: str, problem: str
) -> None:
    error = refusal(
        find,
        f"Resources: {{F: {{Type: 'AWS::Serverless::Function', Properties: {{{properties}}}}}}}",
    )
    assert problem in error.problem
    assert error.place.endswith("template.yaml, F")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not a SAM or CloudFormation template, it has no Resources"),
        ("a: [", "the template is not YAML"),
        ("{", "the template is not JSON"),
        ("Resources: {}", "has no Lambda function"),
        ("Resources: {Q: {Type: 'AWS::SQS::Queue'}}", "has no Lambda function"),
        ("a: &a [*a]\nResources: *a", "the template has an alias that leads back to itself"),
        ("Transform: AWS::Serverless-2016-10-31", "has no Resources"),
    ],
)
def test_a_template_that_is_none_is_refused(find: Find, text: str, problem: str) -> None:
    error = refusal(find, text)
    assert problem in error.problem
    assert "template.yaml" in error.place


def test_an_error_in_yaml_names_its_line(find: Find) -> None:
    assert refusal(find, "a: 1\nb: c: d\n").place.endswith("template.yaml, line 2")


def test_a_template_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the template: no such file"):
        find_function(template=Path("none.yaml"), directory=tmp_path)


def test_a_template_that_refers_to_itself_is_refused(find: Find) -> None:
    template = MINIMAL + "    Conditions: {A: !Condition B, B: !Condition A}\n"
    template = template.replace("Runtime:", "Timeout: !If [A, 1, 2], Runtime:")
    assert refusal(find, template).problem == "the condition A leads back to itself"
