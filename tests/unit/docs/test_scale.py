"""The manifests of docs/scale.md are what their services take, the commands what kcli takes."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from botocore.session import Session
from botocore.validate import ParamValidator

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "scale.md").read_text()


def block(language: str, of: str) -> str:
    blocks = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)
    (found,) = (each for each in blocks if of in each)
    return str(found)


JOB = yaml.safe_load(block("yaml", "kind: Job"))
CLUSTER = yaml.safe_load(block("yaml", "kind: DaskCluster"))
DEFINITION = json.loads(block("json", "jobDefinitionName"))


def test_the_job_definition_is_what_aws_batch_takes() -> None:
    model = Session().get_service_model("batch").operation_model("RegisterJobDefinition")
    assert model.input_shape is not None
    report = ParamValidator().validate(DEFINITION, model.input_shape)
    assert not report.has_errors(), report.generate_report()


def test_the_job_is_an_indexed_one_with_as_many_pods_as_slices() -> None:
    spec = JOB["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 32, 32)
    names = [volume["name"] for volume in spec["template"]["spec"]["volumes"]]
    (container,) = spec["template"]["spec"]["containers"]
    assert [mount["name"] for mount in container["volumeMounts"]] == names


def test_the_cluster_s_scheduler_is_where_its_service_and_its_port_say() -> None:
    scheduler, worker = CLUSTER["spec"]["scheduler"], CLUSTER["spec"]["worker"]
    (container,) = scheduler["spec"]["containers"]
    (port,) = scheduler["service"]["ports"]
    assert port["targetPort"] in [each["name"] for each in container["ports"]]
    assert worker["spec"]["containers"][0]["image"] == container["image"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variable", "command"),
    [
        ("JOB_COMPLETION_INDEX", JOB["spec"]["template"]["spec"]["containers"][0]["args"][0]),
        ("AWS_BATCH_JOB_ARRAY_INDEX", DEFINITION["containerProperties"]["command"][2]),
    ],
)
def test_the_command_of_a_manifest_is_one_that_kcli_takes(
    variable: str, command: str, tmp_path: Path
) -> None:
    recording = tmp_path / "day.ndjson.zst"
    kcli = shlex.join((sys.executable, "-m", "kinesis_cli"))
    event = f"{kcli} event --count 96 -o {recording}"
    subprocess.run(["sh", "-c", event], check=True, capture_output=True, cwd=tmp_path)
    script = command.replace("exec kcli", f"exec {kcli}").replace("/data/", "") + " --base64"
    run = subprocess.run(
        ["sh", "-c", script],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", variable: "31"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.splitlines()) == 3
