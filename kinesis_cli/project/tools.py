"""The tools that a project may be built with: what gives them away, and the template they make."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from kinesis_cli.errors import InputError

TEMPLATE_NAMES = ("template.yaml", "template.yml", "template.json")
SAMCONFIG_NAMES = ("samconfig.toml", "samconfig.yaml", "samconfig.yml")  # the first that is there
MAX_SIZE = 2 << 20  # bytes of a file that is looked into
MAX_LOOKED_AT = 300  # files
MAX_DEPTH = 3  # folders below the one where kcli runs


class NoTemplateError(InputError):
    """There is a project here, and no template of it."""


class Tool(msgspec.Struct, frozen=True):
    """A way to describe a Lambda function other than a template beside its code."""

    name: str
    markers: tuple[str, ...]  # files that its projects have
    command: str  # makes the template; "": nothing does
    output: Callable[[Path], Path | None]  # the template in a project's folder, where it was made
    is_sure: bool = True  # else a template above the folder comes first


def _cdk(root: Path) -> Path | None:
    """The newest assembly: its folder. Which of its stacks is meant needs a look into them."""
    folders = {root / "cdk.out"}
    try:
        settings = json.loads((root / "cdk.json").read_text("utf-8-sig"))
        folders.add(root / settings["output"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass  # it names no other folder
    made = [each for each in folders if _holds_template(each)]
    return max(made, key=lambda each: each.stat().st_mtime, default=None)


def _holds_template(folder: Path) -> bool:
    try:
        return any(folder.glob("*.template.json"))
    except (OSError, ValueError):
        return False  # no folder can have this name


def _serverless(root: Path) -> Path | None:
    return _first(root / ".serverless", "cloudformation-template-update-stack.json")


def _terraform(root: Path) -> Path | None:
    return _first(root, "plan.json", "tfplan.json", "state.json")


def _first(folder: Path, *names: str) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _nothing(_root: Path) -> Path | None:
    return None


TOOLS = (
    Tool("the AWS CDK", ("cdk.json",), "cdk synth", _cdk),
    Tool(
        "the Serverless Framework",
        ("serverless.yml", "serverless.yaml", "serverless.ts", "serverless.js", "serverless.json"),
        "serverless package",
        _serverless,
    ),
    Tool(
        "Terraform",
        ("*.tf", "*.tf.json"),
        "terraform plan -out=tfplan && terraform show -json tfplan > plan.json",
        _terraform,
    ),
    Tool(
        "Chalice",
        (".chalice/config.json",),
        "chalice package --pkg-format cloudformation .chalice/packaged",
        lambda root: _first(root / ".chalice" / "packaged", "sam.json"),
    ),
    Tool("Pulumi", ("Pulumi.yaml", "Pulumi.yml"), "", _nothing),
    Tool("SST", ("sst.config.ts", "sst.config.js"), "", _nothing),
    Tool("the SAM CLI", SAMCONFIG_NAMES, "", _nothing, is_sure=False),
    Tool("npm", ("package.json",), "", _nothing, is_sure=False),
    Tool("Go", ("go.mod",), "", _nothing, is_sure=False),
    Tool("Cargo", ("Cargo.toml",), "", _nothing, is_sure=False),
)

# What says that a project of such a tool has a Lambda function, and is not just any program.
_LAMBDA_LIBRARIES = {"go.mod": "aws-lambda-go", "Cargo.toml": "lambda_runtime"}

# What a package.json depends on where it has a Lambda function.
_LAMBDA_PACKAGES = (
    "@types/aws-lambda",
    "aws-lambda",
    "aws-lambda-ric",
    "@aws-lambda-powertools/",
    "@middy/",
    "serverless",
    "aws-cdk",
    "sst",
)


def tool_of(folder: Path) -> tuple[Tool, Path] | None:
    """The tool that a folder's project is built with, and the file that gives it away."""
    for tool in TOOLS:
        for marker in tool.markers:
            for file in sorted(folder.glob(marker)):
                if file.is_file() and _has_lambda(file):
                    return tool, file
    return None


def _has_lambda(file: Path) -> bool:
    """Whether the project of a file that gives a tool away has a Lambda function."""
    if library := _LAMBDA_LIBRARIES.get(file.name):
        try:
            return library in file.read_text("utf-8", "replace")
        except OSError:
            return False
    return file.name != "package.json" or _depends_on_lambda(file)


def _depends_on_lambda(package: Path) -> bool:
    try:
        document = json.loads(package.read_text("utf-8-sig"))
        names = [
            name
            for section in ("dependencies", "devDependencies")
            for name in document.get(section, {})
        ]
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return False
    return any(str(name).startswith(_LAMBDA_PACKAGES) for name in names)


def templates_below(folder: Path) -> list[Path]:
    """The templates with a Lambda function, and projects of tools, in a folder and just below."""
    found: list[Path] = []
    for looked_at, file in enumerate(_files(folder, depth=MAX_DEPTH)):
        if looked_at == MAX_LOOKED_AT:
            break
        if file.suffix in (".yaml", ".yml", ".json") and has_function(file):
            found.append(file)
    for below in sorted({file.parent for file in _files(folder, depth=MAX_DEPTH)}):
        if below != folder and (tool := tool_of(below)) and tool[0].is_sure:
            found.append(tool[1])
    return found


def has_function(file: Path) -> bool:
    """Whether a file is a template with a Lambda function, judged by its text."""
    try:
        if file.stat().st_size > MAX_SIZE:
            return False
        text = file.read_bytes()
    except OSError:
        return False
    return b"Resources" in text and (
        b"AWS::Serverless::Function" in text or b"AWS::Lambda::Function" in text
    )


def _files(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.is_file():
            yield entry
    for entry in entries if depth else ():
        hidden = entry.name.startswith(".") or entry.name in ("node_modules", "venv", "cdk.out")
        if not hidden and entry.is_dir() and not entry.is_symlink():
            yield from _files(entry, depth - 1)


_HANDLERS = {
    ".py": rb"^(?:async )?def (\w+)\(\s*_?event\b[^,)]*,\s*_?context\b",
    ".js": rb"^(?:module\.)?exports\.(\w+) *= *(?:async *)?(?:function *\w* *)?\(? *_?event\b",
    ".mjs": rb"^export (?:const|(?:async )?function) (\w+) *(?:= *(?:async *)?)?\(? *_?event\b",
}
_HANDLERS[".cjs"] = _HANDLERS[".js"]


def handler_below(folder: Path) -> str | None:
    """What looks like a Lambda handler in a folder or just below: "src/app.py:handler"."""
    for looked_at, file in enumerate(_files(folder, depth=1)):
        if looked_at == MAX_LOOKED_AT:
            break
        pattern = _HANDLERS.get(file.suffix)
        if pattern is None or file.name.startswith("test_"):
            continue
        try:
            text = file.read_bytes() if file.stat().st_size <= MAX_SIZE else b""
        except OSError:
            continue
        if match := re.search(pattern, text, re.MULTILINE):
            return f"{file.relative_to(folder)}:{match[1].decode()}"
    return None


def no_output(tool: Tool, marker: Path, naming: str) -> NoTemplateError:
    """What to say of a project whose tool has made no template yet.

    Args:
        tool: that it is built with.
        marker: the file that says so.
        naming: how a template is named in this command: "--template {}".
    """
    named = f"Name its template with {naming.format('FILE')}."
    if not tool.command:
        return NoTemplateError(
            f"there is no template here, and {marker.name} says that this is a project of "
            f"{tool.name}",
            place=str(marker.parent),
            advice=named,
        )
    return NoTemplateError(
        f"this is a project of {tool.name}, and it has made no template yet",
        place=str(marker.parent),
        advice=f"`{tool.command}` makes it; it is found then.",
    )
