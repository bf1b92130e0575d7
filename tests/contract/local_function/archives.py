"""Deployment packages."""

import io
import stat
import zipfile
from collections.abc import Mapping

ROLE = "arn:aws:iam::000000000000:role/any"

ECHO = """\
import os


def handler(event, context):
    print("called", context.function_version)
    return {
        "said": os.environ.get("SAY"),
        "arn": context.invoked_function_arn,
        "version": context.function_version,
        "event": event,
    }
"""


def zipped(files: Mapping[str, str | bytes], modes: Mapping[str, int] | None = None) -> bytes:
    """An archive with these files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (stat.S_IFREG | (modes or {}).get(name, 0o644)) << 16
            archive.writestr(entry, data)
    return content.getvalue()


def said(word: str) -> bytes:
    """A function that answers a word."""
    return zipped({"app.py": f"def handler(event, context):\n    return {word!r}\n"})
