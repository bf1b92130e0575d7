"""The project that a directory is in: the nearest folder upwards that is one's."""

from pathlib import Path

import msgspec

from kinesis_cli.project.samconfig import samconfig_template
from kinesis_cli.project.surroundings.files import has_function
from kinesis_cli.project.tools import TEMPLATE_NAMES, Tool, tool_of


class Located(msgspec.Struct, frozen=True):
    """A project's folder."""

    root: Path
    template: Path | None  # a file, or the folder of CDK's assembly
    tool: Tool | None
    marker: Path  # the file that gives the project away


def project_root(directory: Path) -> Path | None:
    """The folder of the project, upwards from a directory; None: there is none."""
    located = nearest_project(directory)
    return located.root if located else None


def nearest_project(directory: Path) -> Located | None:
    """The nearest folder upwards that is a project's."""
    unsure = None
    for folder in (directory, *directory.parents):
        found = tool_of(folder)
        is_sure = found is not None and found[0].is_sure
        for name in TEMPLATE_NAMES:
            # one without a function does not hide that a tool describes them
            if (file := folder / name).is_file() and (not is_sure or has_function(file)):
                return Located(folder, file, None, file)
        if found is None:
            continue
        tool, marker = found
        template = tool.output(folder)
        if template is None and tool.name == "the SAM CLI":
            template = samconfig_template(folder)
        located = Located(folder, template, tool, marker)
        if tool.is_sure or template is not None:
            return located
        unsure = unsure or located
    return unsure
