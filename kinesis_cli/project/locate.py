"""Where the project is, and the template that says what is in it."""

import shlex
from pathlib import Path

import msgspec

from kinesis_cli.project.files import bundled_template, refuse_strangers
from kinesis_cli.project.nearest import nearest_project
from kinesis_cli.project.settings import Settings
from kinesis_cli.project.surroundings.files import templates_below
from kinesis_cli.project.template.file import TemplateFile
from kinesis_cli.project.template.parameters import parse_overrides
from kinesis_cli.project.tools import NoTemplateError, no_output, projects_below

BY_OPTION = "--template {}"  # how a command is told of a template


class Project(msgspec.Struct, frozen=True):
    """A project's template."""

    template: TemplateFile
    is_bundled: bool = False  # there is no project: it is kcli's own, with its sample function


def find_project(
    settings: Settings, directory: Path | None = None, *, naming: str = BY_OPTION
) -> Project:
    """The template that a command in this directory is about.

    The one that the user names; else the nearest upwards, or the one that the project's tool has
    made; else kcli's own.

    Args:
        settings: what the user says of the template and its parameters.
        directory: the working directory by default.
        naming: how a template is named in this command, for messages.

    Raises:
        InputError: there is a project, and it has no template that could be meant.
    """
    directory = (directory or Path()).resolve()
    parameters = (
        parse_overrides(settings.parameter_overrides.value, settings.parameter_overrides.source)
        if settings.parameter_overrides
        else {}
    )
    if settings.template:
        path = Path(settings.template.value)
        path = _of_assembly(path, parameters, naming) if path.is_dir() else path
        return Project(TemplateFile(path, parameters))
    located = nearest_project(directory)
    if located is None:
        refuse_projects_below(directory, naming)
        return Project(TemplateFile(bundled_template()), is_bundled=True)
    named = naming.format(shlex.quote(str(located.template or "FILE")))
    refuse_strangers(located.template or located.marker, f"If you trust it, name it: {named}.")
    if located.template is None:
        assert located.tool is not None
        if not located.tool.is_sure:
            _refuse_below(templates_below(directory), [], directory, naming)
        raise no_output(located.tool, located.marker, naming)
    path = located.template
    path = _of_assembly(path, parameters, naming) if path.is_dir() else path
    return Project(TemplateFile(path, parameters))


def _of_assembly(folder: Path, parameters: dict[str, str], naming: str) -> Path:
    """The template of a CDK assembly that is meant: the one with a mapping from Kinesis.

    Raises:
        InputError: several could be meant, or there is none.
    """
    from kinesis_cli.project.cdk import choose_stack

    return choose_stack(folder, parameters, naming)


def refuse_projects_below(directory: Path, naming: str = BY_OPTION) -> None:
    """Refuse to go on where there are only projects in the folders below.

    Raises:
        NoTemplateError: says which, and how the likeliest is named.
    """
    markers = [marker for _, marker in projects_below(directory)]
    _refuse_below(templates_below(directory), markers, directory, naming)


def _refuse_below(templates: list[Path], markers: list[Path], directory: Path, naming: str) -> None:
    below = [each.relative_to(directory) for each in (*templates, *markers)]
    if not below:
        return
    if templates:
        advice = f"Name it with {naming.format(shlex.quote(str(below[0])))}."
    else:
        advice = f"Run kcli in {shlex.quote(str(below[0].parent))}."
    more = f" and {len(below) - 3} more" if len(below) > 3 else ""
    raise NoTemplateError(
        f"there is no template.yaml here or above, only {', '.join(map(str, below[:3]))}{more}",
        place=str(directory),
        advice=advice,
    )
