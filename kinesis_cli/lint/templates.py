"""Which templates `kcli lint` is about."""

import re
from pathlib import Path

from kinesis_cli.project.cdk import templates_of
from kinesis_cli.project.files import refuse_strangers
from kinesis_cli.project.locate import refuse_projects_below
from kinesis_cli.project.nearest import nearest_project
from kinesis_cli.project.settings import Settings
from kinesis_cli.project.surroundings.files import templates_below
from kinesis_cli.project.template.file import TemplateFile
from kinesis_cli.project.template.parameters import parse_overrides
from kinesis_cli.project.tools import NoTemplateError, no_output

# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
_STACK = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}|arn:aws[^:]*:cloudformation:[^/]+:stack/\S+")
_NAMING = "`kcli lint {}`"


def is_stack(name: str) -> bool:
    """Whether an argument names a deployed stack: no file of that name, and a stack's form."""
    return not Path(name).exists() and _STACK.fullmatch(name) is not None


def named_templates(name: str, settings: Settings) -> list[TemplateFile]:
    """The templates of a file, a CDK assembly or a project's folder that was named.

    Raises:
        InputError: there is none.
    """
    path = Path(name)
    if not path.is_dir():
        return [TemplateFile(path, _parameters(settings))]
    if any(path.glob("*.template.json")):
        return [TemplateFile(each, _parameters(settings)) for each in templates_of(path)]
    return _of_folder(path, settings)


def project_templates(settings: Settings, directory: Path | None = None) -> list[TemplateFile]:
    """The templates of the project: the one that is set, else what is found upwards.

    Raises:
        InputError: there is none.
    """
    if settings.template:
        return named_templates(settings.template.value, settings)
    return _of_folder((directory or Path()).resolve(), settings)


def _of_folder(folder: Path, settings: Settings) -> list[TemplateFile]:
    folder = folder.resolve()
    located = nearest_project(folder)
    if located is None:
        return [TemplateFile(each, _parameters(settings)) for each in _below(folder)]
    if located.template is None:
        assert located.tool is not None
        if not located.tool.is_sure and (below := templates_below(folder)):
            return [TemplateFile(each, _parameters(settings)) for each in below]
        raise no_output(located.tool, located.marker, _NAMING)
    template = located.template
    refuse_strangers(template, f"If you trust it, name it: {_NAMING.format(template)}.")
    found = templates_of(template) if template.is_dir() else [template]
    return [TemplateFile(each, _parameters(settings)) for each in found]


def _below(folder: Path) -> list[Path]:
    """The templates in the folders below."""
    templates = templates_below(folder)
    if not templates:
        refuse_projects_below(folder, _NAMING)
        raise NoTemplateError(
            "there is no template here, above or just below",
            place=str(folder),
            advice="Name one: `kcli lint FILE`.",
        )
    return templates


def _parameters(settings: Settings) -> dict[str, str]:
    given = settings.parameter_overrides
    return parse_overrides(given.value, given.source) if given else {}
