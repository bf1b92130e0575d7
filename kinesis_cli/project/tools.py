"""The tools that a project may be built with: what gives them away, and the template they make."""

import json
from collections.abc import Callable
from pathlib import Path

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.project.surroundings.build_files import BUILD_FILES, has_lambda, how_to_run
from kinesis_cli.project.surroundings.files import folders_below
from kinesis_cli.project.surroundings.terraform_folders import by_relevance

TEMPLATE_NAMES = ("template.yaml", "template.yml", "template.json")
SAMCONFIG_NAMES = ("samconfig.toml", "samconfig.yaml", "samconfig.yml")  # the first that is there


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


TERRAFORM = "Terraform"
TOOLS = (
    Tool("the AWS CDK", ("cdk.json",), "cdk synth", _cdk),
    Tool(
        "the Serverless Framework",
        ("serverless.yml", "serverless.yaml", "serverless.ts", "serverless.js", "serverless.json"),
        "serverless package",
        _serverless,
    ),
    Tool(
        TERRAFORM,
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
    *(Tool(each.tool, each.markers, "", _nothing, is_sure=False) for each in BUILD_FILES),
)


def tool_of(folder: Path) -> tuple[Tool, Path] | None:
    """The tool that a folder's project is built with, and the file that gives it away."""
    for tool in TOOLS:
        for marker in tool.markers:
            for file in sorted(folder.glob(marker)):
                if file.is_file() and has_lambda(tool.name, file):
                    return tool, file
    return None


def projects_below(folder: Path) -> list[tuple[Tool, Path]]:
    """The projects of tools just below a folder, those that are meant most likely first."""
    found = {each: tool for each in folders_below(folder) if (tool := tool_of(each))}
    terraform = [each for each, (tool, _) in found.items() if tool.name == TERRAFORM]
    others = [each for each in found if each not in terraform]
    others.sort(key=lambda each: not found[each][0].is_sure)
    is_sure = bool(others) and found[others[0]][0].is_sure
    plans = by_relevance(terraform)
    ordered = [*others, *plans] if is_sure else [*plans, *others]
    return [found[each] for each in ordered]


def no_output(tool: Tool, marker: Path, naming: str) -> NoTemplateError:
    """What to say of a project whose tool has made no template yet.

    Args:
        tool: that it is built with.
        marker: the file that says so.
        naming: how a template is named in this command: "--template {}".
    """
    named = f"Name its template with {naming.format('FILE')}."
    if how := how_to_run(tool.name, marker):
        named = f"{named} {how}"
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
        advice=f"`{_as_installed(tool.command, marker.parent)}` makes it; it is found then.",
    )


def _as_installed(command: str, folder: Path) -> str:
    """A command as a shell finds it: a program that npm has installed in the project, by npx."""
    program = command.partition(" ")[0]
    places = (each / "node_modules" / ".bin" / program for each in (folder, *folder.parents))
    return f"npx {command}" if any(place.exists() for place in places) else command
