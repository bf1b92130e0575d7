"""Layers and builds of a template: which folders hold the code that Lambda would have."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kinesis_cli.handlers.environment import lambda_variables, layer_path
from kinesis_cli.project.find import find_function
from kinesis_cli.project.function import Function

Find = Callable[..., Function]

LAYERS = """
Resources:
  Own: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layers/own}}
  Plain:
    Type: AWS::Lambda::LayerVersion
    Metadata: {"aws:asset:path": layers/plain}
    Properties: {Content: {S3Bucket: b, S3Key: k}}
  Away: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: s3://bucket/key.zip}}
  F:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: src, Handler: app.handler, Layers: [LIST]}
"""
ARN = "arn:aws:lambda:eu-west-1:123456789012:layer:"


@pytest.fixture
def find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Find:
    """Finds the function of a template, written with its folders."""
    monkeypatch.chdir(tmp_path)
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "KCLI_PYTHON"):
        monkeypatch.delenv(name, raising=False)
    for folder in ("src", "layers/own/python", "layers/plain/python"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "src" / "app.py").touch()

    def find(template: str, **options: object) -> Function:
        (tmp_path / "template.yaml").write_text(template)
        return find_function(**options)  # type: ignore[arg-type]

    return find


def with_layers(*written: str) -> str:
    return LAYERS.replace("LIST", ", ".join(written))


def test_local_layers_are_found_in_their_order(find: Find, tmp_path: Path) -> None:
    function = find(with_layers("!Ref Own", "!Ref Plain"))
    assert function.layers == (tmp_path / "layers" / "own", tmp_path / "layers" / "plain")
    assert function.notes == ()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            f"{ARN}AWSLambdaPowertoolsPythonV3-python312-x86_64:7",
            "install 'aws-lambda-powertools[all]'",
        ),
        (f"!Sub '{ARN}AWSSDKPandas-Python312:1'", "install awswrangler"),
        (f"{ARN}Klayers-p311-requests:3", "install requests"),
        (f"{ARN}LambdaInsightsExtension:38", "LambdaInsightsExtension is an extension"),
        (f"{ARN}of-somebody:1", "of-somebody is not on this machine"),
        ("!Ref Away", "is not on this machine"),
        ("!ImportValue shared-layer", "a layer is not on the path: "),
    ],
)
def test_a_layer_that_is_not_here_is_named_with_what_to_do(
    find: Find, written: str, said: str
) -> None:
    function = find(with_layers(written))
    assert function.layers == ()
    (note,) = function.notes
    assert said in note


def test_what_layers_bring_is_where_programs_look(find: Find, tmp_path: Path) -> None:
    own, plain = tmp_path / "layers" / "own", tmp_path / "layers" / "plain"
    site = own / "python" / "lib" / "python3.12" / "site-packages"
    for folder in (site, own / "bin", plain / "bin", plain / "nodejs" / "node_modules"):
        folder.mkdir(parents=True)
    function = find(with_layers("!Ref Own", "!Ref Plain"))
    folders = [site, plain / "python", own / "python"]  # of two layers the later one wins
    assert layer_path(function, (3, 12, 0)) == [str(folder) for folder in folders]
    variables = lambda_variables(function)
    path = os.environ["PATH"]
    assert variables["PATH"] == os.pathsep.join([str(plain / "bin"), str(own / "bin"), path])
    assert variables["NODE_PATH"] == str(plain / "nodejs" / "node_modules")
    assert "LD_LIBRARY_PATH" not in variables


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """What `sam build` makes; the template and the sources are a minute older."""
    folder = tmp_path / ".aws-sam" / "build"
    for name in ("F", "Own"):
        (folder / name).mkdir(parents=True)
    template = (
        with_layers("!Ref Own").replace("layers/own", "Own").replace("CodeUri: src", "CodeUri: F")
    )
    (folder / "template.yaml").write_text(template)
    return folder


def age(file: Path, seconds: float) -> None:
    moment = file.stat().st_mtime - seconds
    os.utime(file, (moment, moment))


def test_a_build_is_the_code_as_in_sam_local(find: Find, built: Path, tmp_path: Path) -> None:
    find(with_layers("!Ref Own"))
    for file in ("template.yaml", "src/app.py"):
        age(tmp_path / file, 60)
    function = find_function()
    assert (function.code_uri, function.layers) == (built / "F", (built / "Own",))
    assert (function.notes, function.origin[:23]) == ((), "template.yaml, F, built")
    sources = find_function(no_build=True)
    assert (sources.code_uri, sources.layers) == (
        tmp_path / "src",
        (tmp_path / "layers" / "own",),
    )


def test_a_build_older_than_the_sources_is_said(find: Find, built: Path, tmp_path: Path) -> None:
    find(with_layers("!Ref Own"))
    age(tmp_path / "template.yaml", 60)
    (tmp_path / "src" / "deep").mkdir()
    (tmp_path / "src" / "deep" / "new.py").touch()
    age(tmp_path / "src" / "app.py", 60)
    age(built / "template.yaml", 30)
    function = find_function()
    assert function.code_uri == built / "F"
    (note,) = function.notes
    assert "deep/new.py is newer: `sam build` makes it anew, --no-build runs the sources" in note


def test_a_build_older_than_the_template_is_not_used_and_that_is_said(
    find: Find, built: Path, tmp_path: Path
) -> None:
    find(with_layers("!Ref Own"))
    age(built / "template.yaml", 60)
    function = find_function()
    assert function.code_uri == tmp_path / "src"
    (note,) = function.notes
    assert "is older than the template, so the sources run" in note


@pytest.mark.parametrize("text", ["Resources: {}", "Resources: [", ""])
def test_a_build_that_was_broken_off_is_not_used(
    find: Find, built: Path, tmp_path: Path, text: str
) -> None:
    (built / "template.yaml").write_text(text)
    assert find(with_layers()).code_uri == tmp_path / "src"
