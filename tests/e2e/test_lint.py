"""`kcli lint`: what a person, a script and a workflow get from it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.programs import Kcli
from tests.patience import PATIENCE
from tests.unit.lint.styles import CDK, CDK_ALARM, STYLES

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[2] / "fixtures" / "lint"
LEAST = STYLES["sam, the least there is"].template


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the template in which much is to be found."""
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_a_person_reads_places_effects_and_changes(kcli: Kcli, project: Path) -> None:
    for columns in ("80", "200"):
        done = kcli("lint", COLUMNS=columns)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        assert "template.yaml:17: error K001 Counter, Clicks\n" in done.stdout
        assert "about 1,445 calls in 24 h" in " ".join(done.stdout.split())
        assert "    +            MaximumRetryAttempts: 10\n" in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= int(columns)


def test_the_same_numbers_are_in_every_form(kcli: Kcli, project: Path) -> None:
    document = json.loads(kcli("lint", "--output", "json").stdout)
    assert document["summary"] == {"error": 2, "warning": 3, "note": 2, "ignored": 0}
    found = [(each["id"], each["line"]) for each in document["templates"][0]["findings"]]
    results = json.loads(kcli("lint", "--output", "sarif").stdout)["runs"][0]["results"]
    lines = [each["locations"][0]["physicalLocation"]["region"]["startLine"] for each in results]
    assert [each["ruleId"] for each in results] == [name for name, _ in found]
    assert lines == [line for _, line in found]
    github = kcli("lint", "--output", "github").stdout.splitlines()
    assert [line.partition("title=")[2][:4] for line in github] == [name for name, _ in found]


@pytest.mark.parametrize(
    ("template", "limit", "code"),
    [
        ("template.yaml", "error", 1),
        ("template.yaml", "note", 1),
        ("careful/template.yaml", "note", 0),
    ],
)
def test_it_fails_only_where_it_is_asked_to(
    template: str, limit: str, code: int, kcli: Kcli, project: Path
) -> None:
    assert kcli("lint", template, "--fail-on", limit).returncode == code


def test_rules_that_are_left_out_fail_nothing(kcli: Kcli, project: Path) -> None:
    ignored = ["--ignore", "K001", "--ignore", "K003"]
    assert kcli("lint", "--fail-on", "error", *ignored).returncode == 0
    assert kcli("lint", "--fail-on", "warning", *ignored).returncode == 1


def test_the_projects_file_says_what_is_left_out_and_what_fails(kcli: Kcli, project: Path) -> None:
    own = project / "pyproject.toml"
    own.write_text('[tool.kcli]\nregion = "eu-west-1"\n[tool.kcli.lint]\nfail-on = "error"\n')
    assert kcli("lint").returncode == 1
    own.write_text('[tool.kcli.lint]\nignore = ["K001", "K003"]\nfail_on = "error"\n')
    done = kcli("lint")
    assert (done.returncode, "K001" in done.stdout) == (0, False)
    assert kcli("config").returncode == 0  # the table is not a setting of the other commands


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[tool.kcli.lint]\nignore = "K001"\n', "ignore is 'K001', not a list of rules"),
        ('[tool.kcli.lint]\nignore = ["K999"]\n', "there is no rule K999"),
        ('[tool.kcli.lint]\nfail-on = "never"\n', "fail-on is 'never', not one of error"),
        ("[tool.kcli.lint]\nseverity = 1\n", "there is no setting 'severity' of lint"),
        ("[tool.kcli]\nlint = 1\n", "lint"),
    ],
)
def test_a_table_that_is_not_usable_is_a_sentence(
    text: str, problem: str, kcli: Kcli, project: Path
) -> None:
    (project / "pyproject.toml").write_text(text)
    done = kcli("lint")
    assert done.returncode == 2
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


def test_the_diff_is_one_that_git_applies_and_that_mends(kcli: Kcli, project: Path) -> None:
    diff = kcli("lint", "--output", "diff").stdout
    for command in (["git", "init", "-q", "."], ["git", "apply", "-"]):
        subprocess.run(command, cwd=project, input=diff, text=True, check=True)
    again = json.loads(kcli("lint", "--output", "json").stdout)
    assert {each["id"] for each in again["templates"][0]["findings"]} == {"K015", "K016"}


@pytest.mark.parametrize("name", ["cloudformation, SQS", "cloudformation, no Lambda at all"])
def test_it_is_silent_where_kinesis_feeds_nothing(name: str, kcli: Kcli, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(STYLES[name].template)
    done = kcli("lint", "--fail-on", "note")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "template.yaml: no event source mapping from a stream, nothing to check.\n"
    )


def test_all_stacks_of_a_cdk_assembly_are_looked_at(kcli: Kcli, tmp_path: Path) -> None:
    out = tmp_path / "cdk.out"
    out.mkdir()
    (tmp_path / "cdk.json").write_text("{}")
    (out / "manifest.json").write_text("{}")
    for name, template in (("App", CDK), ("Other", CDK), ("Alarms", CDK_ALARM)):
        (out / f"{name}.template.json").write_text(json.dumps(template, indent=1))
    for arguments in ((), ("cdk.out",)):
        document = json.loads(kcli("lint", *arguments, "--output", "json").stdout)
        assert [each["mappings"] for each in document["templates"]] == [0, 1, 1]
    shown = kcli("lint").stdout
    assert "App/Worker/KinesisEventSource:AppStream" in shown or "3 templates" in shown


def test_findings_of_a_generated_template_speak_of_the_tool(kcli: Kcli, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    stack = json.loads(json.dumps(CDK))
    del stack["Resources"]["WorkerSource0C1A2B3D"]["Properties"]["MaximumRetryAttempts"]
    (tmp_path / "App.template.json").write_text(json.dumps(stack))
    done = kcli("lint", "App.template.json")
    assert "In the AWS CDK: `retryAttempts: 10`." in " ".join(done.stdout.split())
    assert "git apply" not in done.stdout


def test_a_template_below_is_found_and_a_folder_can_be_named(kcli: Kcli, tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "orders.yaml").write_text(LEAST)
    for arguments in ((), ("infra",), ("infra/orders.yaml",)):
        assert "infra/orders.yaml:11: error K001" in kcli("lint", *arguments).stdout


def test_parameters_are_those_of_samconfig_and_of_the_command_line(
    kcli: Kcli, tmp_path: Path
) -> None:
    text = STYLES["sam, parameters that are given"].template
    (tmp_path / "template.yaml").write_text(text)
    assert "K001" not in kcli("lint").stdout  # it is not known
    assert "K001" in kcli("lint", "--parameter-overrides", "Retries=-1").stdout
    (tmp_path / "samconfig.toml").write_text(
        'version = 0.1\n[default.deploy.parameters]\nparameter_overrides = "Retries=-1"\n'
    )
    assert "K001" in kcli("lint").stdout
    assert "K001" in kcli("lint", "template.yaml").stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("gone.yaml",), "gone.yaml"),
        (("folder/gone",), "cannot read the template"),
        (("list.yaml",), "not a SAM or CloudFormation template"),
        (("broken.yaml",), "the template is not YAML"),
        (("--ignore", "K9"), "there is no rule K9"),
        (("--output", "xml"), "xml"),
        (("empty",), "there is no template"),
        ((), "there is no template"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: tuple[str, ...], problem: str, kcli: Kcli, tmp_path: Path
) -> None:
    (tmp_path / "list.yaml").write_text("- 1\n- 2\n")
    (tmp_path / "broken.yaml").write_text("Resources: {A: [}\n")
    (tmp_path / "empty").mkdir()
    done = kcli("lint", *arguments)
    assert done.returncode == 2
    assert problem in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_what_a_template_says_acts_on_nothing(kcli: Kcli, tmp_path: Path) -> None:
    hostile = "E\x1b[31m\u202e::error::\n%0A[red]"
    text = json.dumps(json.loads(STYLES["sam, JSON"].template)).replace(
        '"E":', f"{json.dumps(hostile)}:"
    )
    (tmp_path / "template.json").write_text(text)
    for output in ("table", "github", "json", "sarif"):
        done = kcli("lint", "template.json", "--output", output, FORCE_COLOR="")
        assert done.returncode == 0, done.stderr
        assert "\x1b[31m" not in done.stdout
        assert "\u202e" not in done.stdout
        if output == "github":
            assert all(line.startswith("::") for line in done.stdout.splitlines())
            assert "%250A[red]" in done.stdout
        if output == "sarif":
            result = json.loads(done.stdout)["runs"][0]["results"][0]
            [logical] = result["locations"][0]["logicalLocations"]
            assert logical["fullyQualifiedName"] == f"F, {hostile}"


def test_the_rules_are_listed(kcli: Kcli) -> None:
    listed = kcli("lint", "--rules").stdout.splitlines()
    document = json.loads(kcli("lint", "--rules", "--output", "json").stdout)
    ids = [rule["id"] for rule in document["rules"]]
    assert [line[:4] for line in listed if line.startswith("K")] == ids
    assert max(map(len, listed)) <= 80


def test_what_a_careful_template_does_not_need_is_not_loaded(project: Path) -> None:
    program = (
        "import sys; from kinesis_cli.cli.main import main; "
        "code = main(['lint', 'careful/template.yaml']); print(code, *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    code, *loaded = done.stdout.splitlines()[-1].split()
    assert code == "0"
    for name in ("simulation.run", "event_source_mapping.delivery", "lint.text.edits"):
        assert f"kinesis_cli.{name}" not in loaded
    assert not {"boto3", "botocore", "cfnlint", "kinesis_cli.lint.reading.other_code"} & {*loaded}


def test_it_is_a_plug_in_of_cfn_lint(project: Path) -> None:
    pytest.importorskip("cfnlint", reason="the extra cfn-lint is not installed")
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("cfn-lint"), "--format", "json"),
            *("--include-checks", "I"),
            *("--append-rules", "kinesis_cli.cfn_lint", "--", "template.yaml"),
        ],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    found = [
        (each["Rule"]["Id"], each["Location"]["Start"]["LineNumber"])
        for each in json.loads(done.stdout)
        if each["Rule"]["Id"][1:3] == "98"
    ]
    assert sorted(found) == [
        ("E9801", 17),
        ("E9803", 17),
        ("I9816", 22),
        ("I9817", 17),
        ("W9802", 17),
        ("W9809", 21),
        ("W9815", 15),
    ]
