"""Whose project this is. Sensor readings suit one function only: the sample that kcli ships."""

from pathlib import Path

from kinesis_cli.project.nearest import nearest_project
from kinesis_cli.project.settings import read_settings

# In kcli's template, in a checkout's, and in one that began as a copy of it.
SAMPLE_HANDLER = b"new_message_processor.handler.function_handler"


def foreign_project(template: Path | None = None, directory: Path | None = None) -> Path | None:
    """The file that makes this another project than kcli's own; None: it is kcli's, or none at all.

    Args:
        template: the one that was named; default: as the settings or the nearest project have it.
        directory: default: the working one.

    Raises:
        InputError: the settings cannot be read.
    """
    directory = (directory or Path()).resolve()
    file = directory / template if template else _project_file(directory)
    if file is None or not file.exists():  # a template that is not there: its reader says so
        return None
    return None if _deploys_sample(file) else file


def _project_file(directory: Path) -> Path | None:
    if named := read_settings(directory=directory).template:
        return Path(named.value)
    if located := nearest_project(directory):
        return located.template or located.marker
    files = (folder / "kcli.toml" for folder in (directory, *directory.parents))
    return next((file for file in files if file.is_file()), None)


def _deploys_sample(file: Path) -> bool:
    files = file.glob("*.template.json") if file.is_dir() else [file]  # of CDK: an assembly
    try:
        return any(SAMPLE_HANDLER in each.read_bytes() for each in files)
    except OSError:  # said by whoever reads it as a template
        return False
