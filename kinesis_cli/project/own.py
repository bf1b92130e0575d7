"""Whose project this is. Sensor readings suit one function only: the sample that kcli ships."""

from collections.abc import Iterator
from pathlib import Path

from kinesis_cli.project.files import TEMPLATE_NAMES

# In kcli's template, in a checkout's, and in one that began as a copy of it.
SAMPLE_HANDLER = b"new_message_processor.handler.function_handler"
# What makes a folder somebody's project where it has no template (yet).
_MARKS = (
    "kcli.toml",
    "samconfig.toml",
    "samconfig.yaml",
    "samconfig.yml",
    "cdk.json",
    "serverless.yml",
    "serverless.yaml",
    "serverless.json",
    "serverless.js",
    "serverless.ts",
)


def foreign_project(template: Path | None = None, directory: Path | None = None) -> Path | None:
    """The file that makes this another project than kcli's own; None: it is kcli's, or none at all.

    Args:
        template: the one that was named; default: what is found upwards from `directory`.
        directory: default: the working one.
    """
    directory = (directory or Path()).resolve()
    file = directory / template if template else next(_project_files(directory), None)
    if file is None or not file.is_file():  # a template that is not there: its reader says so
        return None
    return None if _deploys_sample(file) else file


def _project_files(directory: Path) -> Iterator[Path]:
    """Files that make a folder a project, the nearest first; of one folder the template first."""
    for folder in (directory, *directory.parents):
        yield from (file for name in TEMPLATE_NAMES if (file := folder / name).is_file())
        yield from (file for name in _MARKS if (file := folder / name).is_file())
        yield from sorted(folder.glob("*.tf"))[:1]


def _deploys_sample(file: Path) -> bool:
    try:
        return SAMPLE_HANDLER in file.read_bytes()
    except OSError:  # said by whoever reads it as a template
        return False
