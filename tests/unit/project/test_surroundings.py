"""Folders without a template: what is said, and that it works when followed to the letter."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.lint.templates import project_templates
from kinesis_cli.project.find import find_function
from kinesis_cli.project.function import Function
from kinesis_cli.project.settings import Settings, read_settings

Write = Callable[[dict[str, str]], Path]
POM = "<artifactId>aws-lambda-java-core</artifactId>"
CRATE = '[package]\nname = "orders"\n[dependencies]\nlambda_runtime = "1"\n'
MAPPING = 'resource "aws_lambda_event_source_mapping" "in" {}\n'
FUNCTION = 'resource "aws_lambda_function" "worker" {}\n'
MODULE = 'module "worker" {{ source = "{}" }}\n'
CODE = "def handler(event, context): pass\n"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "KCLI_TEMPLATE", "KCLI_PARAMETER_OVERRIDES"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes files, and goes to their folder."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return write


def refusal(find: Callable[[], object] = find_function) -> InputError:
    with pytest.raises(InputError) as caught:
        find()
    return caught.value


def settings() -> Settings:
    return read_settings({})


def followed(error: InputError) -> Function:
    """The function that is found with the options of an advice, as it writes them."""
    words = shlex.split(error.advice.rstrip("."))
    options = {
        words[at][2:].replace("-", "_"): words[at + 1]
        for at in range(len(words) - 1)
        if words[at].startswith("--")
    }
    template = options.pop("template", None)
    return find_function(template=Path(template) if template else None, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "text", "how"),
    [
        ("pom.xml", POM, "mvn package"),
        ("build.gradle", "implementation 'com.amazonaws:aws-lambda-java-events:3'", "::method"),
        ("build.gradle.kts", 'implementation("com.amazonaws:aws-lambda-java-core:1")', "::method"),
        ("build.sbt", '"com.amazonaws" % "aws-lambda-java-core" % "1"', "::method"),
        ("go.mod", "require github.com/aws/aws-lambda-go v1", "--handler ./bootstrap"),
        ("Gopkg.lock", 'name = "github.com/aws/aws-lambda-go"', "--handler ./bootstrap"),
        ("main.go", 'import "github.com/aws/aws-lambda-go/lambda"', "--handler ./bootstrap"),
        ("Cargo.toml", CRATE, "--handler target/release/orders names"),
        ("Orders.csproj", '<PackageReference Include="Amazon.Lambda.Core" />', "--template FILE"),
        ("package.json", '{"dependencies": {"@middy/core": "1"}}', "--handler FILE.js:function"),
    ],
)
def test_the_build_file_of_a_function_is_never_passed_over_for_the_sample(
    write: Write, name: str, text: str, how: str
) -> None:
    write({name: text})
    error = refusal()
    assert how in error.advice
    assert error.advice.startswith("Name its template with --template FILE.")
    write({name: "", f"functions/orders/{name}": text})
    assert refusal().advice == "Run kcli in functions/orders."


@pytest.mark.parametrize(
    ("name", "text", "handler"),
    [
        ("src/handler.ts", "export const run = async (event: Orders) => {}", "run"),
        ("index.ts", "export const run: Handler<Event, void> = async (event) => 1", "run"),
        ("index.mjs", "export async function run(event) {}", "run"),
        ("index.ts", "export const handler: KinesisStreamHandler = made(orders);", "handler"),
    ],
)
def test_the_handler_of_a_package_is_named_as_the_option_takes_it(
    write: Write, name: str, text: str, handler: str
) -> None:
    write({"package.json": '{"devDependencies": {"@types/aws-lambda": "8"}}', name: text})
    error = refusal()
    assert error.advice.endswith(f" name its handler with --handler {name}:{handler}.")
    found = find_function(handler=f"{name}:{handler}")
    assert (found.runtime, found.handler) == ("nodejs", f"{Path(name).stem}.{handler}")
    assert (found.esbuild is None) == name.endswith(".mjs")


def test_a_handler_in_a_workspace_is_never_passed_over_for_the_sample(write: Write) -> None:
    handler = "export const run = async (event: Orders) => {}"
    write(
        {
            "package.json": "{}",
            "orders/tests/fixtures/app.py": CODE,
            "orders/src/a.spec.ts": handler,
        }
    )
    assert find_function().is_sample
    write({"orders/src/index.ts": handler})
    error = refusal()
    assert error.advice == "Name it with --handler orders/src/index.ts:run."
    assert followed(error).handler == "index.run"


@pytest.mark.parametrize(
    ("program", "marker", "command"),
    [("cdk", "cdk.json", "cdk synth"), ("serverless", "serverless.yml", "serverless package")],
)
def test_a_tool_that_is_installed_in_the_project_is_called_as_npm_finds_it(
    write: Write, program: str, marker: str, command: str
) -> None:
    write({f"services/orders/{marker}": "{}"})
    directory = Path("services/orders").resolve()
    before = refusal(lambda: find_function(directory=directory))
    assert before.advice == f"`{command}` makes it; it is found then."
    write({f"node_modules/.bin/{program}": ""})
    after = refusal(lambda: find_function(directory=directory))
    assert after.advice == f"`npx {command}` makes it; it is found then."


def test_an_executable_is_a_handler(write: Write) -> None:
    folder = write({"target/release/orders": ""})
    error = refusal(lambda: find_function(handler="target/release/orders"))
    assert (error.problem, error.advice.split()[:3]) == (
        "is not executable",
        ["Run", "chmod", "+x"],
    )
    (folder / "target/release/orders").chmod(0o755)
    found = find_function(handler="target/release/orders")
    assert found.runtime_command == (str(folder / "target/release/orders"),)
    assert found.needs_own_process


def test_a_method_of_java_is_a_handler(write: Write) -> None:
    folder = write({})
    found = find_function(handler="com.example.Orders::handle")
    assert (found.runtime, found.code_uri) == ("java", folder)


@pytest.mark.parametrize(
    ("files", "folder"),
    [
        # the plan of the folder that uses the module is complete, the module's own is not
        (
            {
                "live/main.tf": MODULE.format("../modules/worker"),
                "modules/worker/lambda.tf": FUNCTION + MAPPING,
                "account/main.tf": 'resource "aws_kms_key" "key" {}',
            },
            "live",
        ),
        (
            {"network/main.tf": "", "stream/main.tf": FUNCTION + MAPPING, "api/main.tf": FUNCTION},
            "stream",
        ),
        (
            {
                "a/main.tf": MODULE.format("../b"),
                "b/main.tf": MODULE.format("../c"),
                "c/main.tf": FUNCTION,
            },
            "a",
        ),
        ({"a/main.tf": MODULE.format("../b"), "b/main.tf": MODULE.format("../a")}, "a"),
        # a CDK project says more than the Terraform that lies beside it
        ({"infra/main.tf": FUNCTION, "service/cdk.json": "{}"}, "service"),
        # and Terraform more than the build file of the code
        ({"code/go.mod": "require github.com/aws/aws-lambda-go v1", "infra/m.tf": ""}, "infra"),
    ],
)
def test_of_several_projects_below_the_one_with_the_mapping_is_named(
    write: Write, files: dict[str, str], folder: str
) -> None:
    write(files)
    assert refusal().advice == f"Run kcli in {folder}."


def test_a_folder_with_many_files_is_looked_through_in_bounded_time(write: Write) -> None:
    """What lies behind the first few hundred is not looked at, however much there is."""
    write({f"{number:04}/x.txt": "" for number in range(400)})
    write({"zzz/pom.xml": POM})
    assert find_function().is_sample


ORDERS = """
Resources:
  Orders: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}
  Worker:
    Type: AWS::Lambda::Function
    Properties: {Runtime: RUNTIME, Handler: HANDLER, Code: CODE}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt Orders.Arn
      FunctionName: !Ref Worker
      StartingPosition: LATEST
      BatchSize: 7
"""
IN_S3 = "{S3Bucket: builds, S3Key: orders.zip}"
OTHER = "Resources: {F: {Type: AWS::Lambda::Function, Properties: {Code: {ZipFile: x}}}}"


def orders(runtime: str, handler: str, code: str = IN_S3) -> str:
    text = ORDERS.replace("RUNTIME", runtime).replace("HANDLER", handler)
    return text.replace("CODE", code)


@pytest.mark.parametrize("name", ["infra/orders.template", "stack.yml", "cloudformation.yaml"])
def test_a_template_of_any_name_is_found_below_and_the_one_with_kinesis_first(
    write: Write, name: str
) -> None:
    code = "{ZipFile: 'def handler(event, context): pass'}"
    write({name: orders("python3.13", "index.handler", code), "another.yaml": OTHER})
    assert refusal().advice == f"Name it with --template {name}."
    assert next(iter(project_templates(settings()))).path.name == Path(name).name
    assert followed(refusal()).name == "Worker"


@pytest.mark.parametrize("build", [{"pom.xml": POM}, {"samconfig.toml": "version = 0.1"}])
def test_a_template_of_another_name_comes_before_the_build_file_beside_it(
    write: Write, build: dict[str, str]
) -> None:
    write({"deploy.yaml": orders("java21", "a.B::c"), **build})
    assert refusal().advice == "Name it with --template deploy.yaml."
    assert [each.path.name for each in project_templates(settings())] == ["deploy.yaml"]


@pytest.mark.parametrize(
    ("runtime", "handler", "file", "code"),
    [
        ("python3.13", "orders.handler", "src/orders.py", CODE),
        ("python3.13", "app.orders.handler", "services/app/orders.py", CODE),
        ("nodejs22.x", "lib/orders.handler", "lib/orders.mjs", "export const handler = 1"),
        ("nodejs22.x", "orders.handler", "it's mine/orders.ts", "export const handler = 1"),
        # what names the handler is not known: what looks like one is
        ("nodejs22.x", "!Ref Handler", "src/any.js", "exports.handler = async (event) => 1"),
    ],
)
@pytest.mark.parametrize("packed", [IN_S3, "s3://builds/orders.zip", "build/orders.zip"])
def test_code_that_is_packed_elsewhere_is_named_by_its_own_file(
    write: Write, runtime: str, handler: str, file: str, code: str, packed: str
) -> None:
    if packed.startswith("s3:"):
        packed = f'"{packed}"'
    write({"template.yaml": orders(runtime, handler, packed), file: code})
    found = followed(refusal())
    assert (found.code_uri / Path(file).name).read_text() == code
    assert found.mapping is not None
    assert found.mapping["BatchSize"] == 7


def test_a_method_of_java_whose_jar_is_in_a_bucket_is_called_in_the_built_project(
    write: Write,
) -> None:
    folder = write({"template.yaml": orders("java21", "com.example.Orders::handle")})
    error = refusal()
    assert error.advice.endswith(
        "--template template.yaml --handler com.example.Orders::handle, "
        "in the folder of the built project."
    )
    command = re.sub(", in the folder.*", ".", error.advice)
    found = followed(InputError("", advice=command))
    assert (found.runtime, found.code_uri, found.handler) == (
        "java21",
        folder,
        "com.example.Orders::handle",
    )


def test_lint_names_the_projects_below_as_every_command_does(write: Write) -> None:
    write({"deployments/cdk.json": "{}"})
    error = refusal(lambda: project_templates(settings()))
    assert error.advice == "Run kcli in deployments."


def test_of_functions_that_kinesis_does_not_feed_one_is_chosen_with_both_options(
    write: Write,
) -> None:
    other = OTHER.replace("F:", "G:").removeprefix("Resources: {").removesuffix("}")
    write({"template.yaml": f"{OTHER.removesuffix('}')}, {other}}}"})
    error = refusal()
    assert "none of them fed by Kinesis" in error.problem
    assert "--function" in error.advice
    assert "--as-kinesis" in error.advice
