"""The output of `cdk synth`: an assembly of one template per stack.

Source: https://docs.aws.amazon.com/cdk/v2/guide/deploy.html
"""

from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.project.functions.choosing import all_functions
from kinesis_cli.project.template.file import TemplateFile, reading_template
from kinesis_cli.project.template.template import Template


def choose_stack(folder: Path, parameters: dict[str, str], naming: str) -> Path:
    """The template of an assembly that is meant: the only one, or the one that Kinesis feeds.

    Args:
        folder: the assembly's, `cdk.out`.
        parameters: the values that the user gives.
        naming: how a template is named in this command, for messages.

    Raises:
        InputError: several could be meant, or there is none.
    """
    templates = templates_of(folder)
    if not templates:
        raise InputError(
            "there is no template of a stack", place=str(folder), advice="`cdk synth` makes it."
        )
    candidates = _with(templates, parameters, fed=True) or _with(templates, parameters, fed=False)
    if len(candidates or templates) == 1:
        return (candidates or templates)[0]
    names = [str(each.relative_to(folder)) for each in candidates or templates]
    kind = "stacks with a function" if candidates else "stacks, none with a function"
    raise InputError(
        f"has {len(names)} {kind} that could be meant: {', '.join(names)}",
        place=str(folder),
        advice=f"Name one with {naming.format((candidates or templates)[0])}.",
    )


def templates_of(folder: Path) -> list[Path]:
    """The templates of all stacks, those of stages too; nested stacks belong to their parents."""
    found = [*folder.glob("*.template.json"), *folder.glob("assembly-*/*.template.json")]
    return sorted(each for each in found if not each.name.endswith(".nested.template.json"))


def _with(templates: list[Path], parameters: dict[str, str], *, fed: bool) -> list[Path]:
    """Those that have a function, or one that Kinesis feeds."""
    found = []
    for path in templates:
        with reading_template(path):
            functions = all_functions(Template.read(TemplateFile(path, parameters))).values()
            if any(each.is_fed or not fed for each in functions):
                found.append(path)
    return found
