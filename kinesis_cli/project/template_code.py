"""Where the code of a template's function is."""

import json
from collections.abc import Mapping
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.project.template_functions import SAM_FUNCTION
from kinesis_cli.project.template_reading import Reading


def code_folder(reading: Reading) -> Path:
    """The folder of the function's code.

    A CDK template names an asset in `Metadata`, relative to the template's folder.
    """
    if "InlineCode" in reading.properties:
        raise InputError(
            "has its code inline, in the template",
            place=reading.place,
            advice="Put it into a file, and name that with --handler path/file.py:function.",
        )
    resource = reading.template.resource(reading.logical_id) or {}
    metadata = resource.get("Metadata")
    asset = metadata.get("aws:asset:path") if isinstance(metadata, Mapping) else None
    member = "CodeUri" if resource.get("Type") == SAM_FUNCTION else "Code"
    code = asset or reading.value(member, ".")
    if not isinstance(code, str) or code.startswith("s3://"):
        raise InputError(
            f"has code that is not on this machine: {member} is {json.dumps(code, default=str)}",
            place=reading.place,
            advice="Name the code with --handler path/file.py:function.",
        )
    folder = (reading.template.path.parent / code).resolve()
    if not folder.exists():
        raise InputError(f"{member} names {code}, and there is no {folder}", place=reading.place)
    return folder
