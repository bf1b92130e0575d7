"""The template and the function's build, by the real SAM CLI in an environment of its own."""

import json
import os
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from new_message_processor.handler import function_handler

from kinesis_cli.stream.event import KinesisEvent

# One worker builds, so that it is built once.
pytestmark = [pytest.mark.slow, pytest.mark.builds, pytest.mark.xdist_group("sam")]

ROOT = Path(__file__).parents[2]
FUNCTION = "NewMessageFunction"
ELF_MACHINE_AARCH64 = 183

Sam = Callable[..., str]


@pytest.fixture(scope="session")
def sam_binaries(environment_with: Callable[..., Path]) -> Path:
    """The SAM CLI in an environment of its own: it pins what others want newer."""
    return environment_with("sam", "aws-sam-cli==1.170.0")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template and the function alone, as they are after a fresh clone."""
    project = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "template.yaml", project)
    shutil.copytree(ROOT / "lambda_function", project / "lambda_function")
    return project


@pytest.fixture(scope="session")
def sam(sam_binaries: Path, project: Path) -> Sam:
    """Run SAM in the project; gives its standard output."""
    environment = {
        **os.environ,
        "AWS_DEFAULT_REGION": "eu-west-1",  # `sam validate` wants to know one
        "PATH": f"{sam_binaries}{os.pathsep}{os.environ['PATH']}",  # a python3 that has pip
        "SAM_CLI_TELEMETRY": "0",
    }

    return lambda *arguments: run([str(sam_binaries / "sam"), *arguments], project, environment)


@pytest.fixture(scope="session")
def artifact(sam: Sam, project: Path) -> Path:
    """What `sam build` makes of the function: the root of Lambda's /var/task."""
    sam("build")
    return project / ".aws-sam" / "build" / FUNCTION


def run(command: list[str], cwd: Path = ROOT, environment: Mapping[str, str] = os.environ) -> str:
    """Run a command that must succeed; gives its standard output."""
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def compiled_parts(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.so"))


def elf_machine(library: Path) -> int:
    """`e_machine` of an ELF file: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html"""
    header = library.read_bytes()[:20]
    assert header[:6] == b"\x7fELF\x02\x01", f"{library} is no 64-bit little-endian ELF file"
    (machine,) = struct.unpack_from("<H", header, 18)
    return int(machine)


def test_the_template_is_valid_and_clean(sam: Sam) -> None:
    assert "is a valid SAM Template" in sam("validate", "--lint")


def test_sam_makes_of_the_template_what_it_promises(sam_binaries: Path) -> None:
    program = """if True:
        import json
        from samcli.yamlhelper import parse_yaml_file
        from samtranslator.translator.transform import transform

        class NoManagedPolicies:
            def load(self):
                return {}

        template = parse_yaml_file("template.yaml")
        # SAM takes a local folder only while it packages.
        template["Resources"]["NewMessageFunction"]["Properties"]["CodeUri"] = "s3://bucket/key"
        print(json.dumps(transform(template, {}, NoManagedPolicies())))
    """
    environment = {**os.environ, "AWS_DEFAULT_REGION": "eu-west-1"}
    template = json.loads(run([str(sam_binaries / "python"), "-c", program], ROOT, environment))
    resources = template["Resources"]
    assert resources["NewMessageFunctionNewMessages"] == {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "EventSourceArn": {"Fn::GetAtt": ["Stream", "Arn"]},
            "FunctionName": {"Ref": FUNCTION},
            "StartingPosition": "TRIM_HORIZON",
            "BatchSize": {"Ref": "BatchSize"},
            "MaximumRetryAttempts": {"Ref": "MaximumRetryAttempts"},
            "MaximumRecordAgeInSeconds": {"Ref": "MaximumRecordAgeInSeconds"},
            "BisectBatchOnFunctionError": True,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "DestinationConfig": {
                "OnFailure": {"Destination": {"Fn::GetAtt": ["FailureQueue", "Arn"]}}
            },
        },
    }
    role = resources["NewMessageFunctionRole"]["Properties"]
    (policy,) = role["Policies"]
    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Action": "sqs:SendMessage",
            "Effect": "Allow",
            "Resource": {"Fn::GetAtt": ["FailureQueue", "Arn"]},
        }
    ]
    assert [arn.rpartition("/")[2] for arn in role["ManagedPolicyArns"]] == [
        "AWSLambdaBasicExecutionRole",
        "AWSLambdaKinesisExecutionRole",
    ]
    assert set(template["Outputs"]) == {
        "StreamArn",
        "StreamName",
        "FunctionName",
        "LogGroupName",
        "FailureQueueUrl",
    }


def test_sams_own_event_is_read_and_handled_as_lambdas(sam: Sam) -> None:
    reading = '{"temperature":25.5,"readingTimestamp":1545084650}'
    document = sam("local", "generate-event", "kinesis", "get-records", "--data", reading)
    event = KinesisEvent.from_json(document, place="sam local generate-event")
    (record,) = event.records
    assert record.kinesis.data == reading.encode()
    assert record.record().shard_id == "shardId-000000000000"
    assert function_handler(json.loads(document), None) == {"batchItemFailures": []}


def test_the_handler_imports_from_the_root_of_the_artifact(artifact: Path, tmp_path: Path) -> None:
    # The compiled parts are Lambda's, so this host's pydantic stands in for the artifact's.
    for package in ("new_message_processor", "shared"):
        shutil.copytree(artifact / package, tmp_path / package)
    program = (
        "from new_message_processor import handler; "
        "print(handler.__file__); print(handler.function_handler({'Records': []}, None))"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)}
    assert run([sys.executable, "-c", program], tmp_path, environment).splitlines() == [
        str(tmp_path / "new_message_processor" / "handler.py"),
        "{'batchItemFailures': []}",
    ]


def test_the_compiled_parts_are_those_of_lambdas_platform(artifact: Path) -> None:
    libraries = compiled_parts(artifact)
    suffix = f".cpython-{runtime_version().replace('.', '')}-aarch64-linux-gnu.so"
    assert [library.name for library in libraries] == [f"_pydantic_core{suffix}"]
    assert {elf_machine(library) for library in libraries} == {ELF_MACHINE_AARCH64}


def test_the_artifact_holds_the_function_and_its_requirements_alone(artifact: Path) -> None:
    folders = {path.name for path in artifact.iterdir() if not path.name.endswith(".dist-info")}
    assert folders == {
        "annotated_types",
        "new_message_processor",
        "pydantic",
        "pydantic_core",
        "shared",
        "typing_extensions.py",
        "typing_inspection",
    }
    assert not [path for path in artifact.rglob("*") if path.name in {"__pycache__", "tests"}]


def test_the_build_does_with_uv_where_python_has_no_pip(project: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "ARTIFACTS_DIR": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",  # has uv
        "PYTHON": "false",
    }
    run(["make", f"build-{FUNCTION}"], project / "lambda_function", environment)
    assert [elf_machine(library) for library in compiled_parts(tmp_path)] == [ELF_MACHINE_AARCH64]


def runtime_version() -> str:
    """The Python that the template names: "3.14"."""
    version = re.search(r"Runtime: python(\S+)", (ROOT / "template.yaml").read_text())
    assert version
    return version[1]


def test_template_and_makefile_name_the_same_python() -> None:
    makefile = (ROOT / "lambda_function" / "Makefile").read_text()
    assert f"RUNTIME_VERSION := {runtime_version()}\n" in makefile
