"""Files that are read whole: templates, settings, mappings, and what else people write.

A recording that is named in the place of one has gigabytes, and a device no end.
"""

from pathlib import Path

from kinesis_cli.errors import InputError

# Bytes. CloudFormation takes templates of 1 MB; a plan of Terraform is larger.
MAX_WRITTEN = 64 << 20


def read_whole(file: Path, limit: int = MAX_WRITTEN) -> bytes:
    """Return what is in a file.

    Args:
        file: whose content is wanted at once.
        limit: bytes that it may have.

    Raises:
        InputError: it is larger.
        OSError: it cannot be read.
        ValueError: no file can have this name.
    """
    with file.open("rb") as opened:
        content = opened.read(limit + 1)
    if len(content) > limit:
        problem = f"larger than {limit >> 20} MB, too large for what it is read as"
        raise InputError(problem, place=str(file))
    return content


def read_whole_text(file: Path) -> str:
    """Return the text of a file without the mark that may begin it, its lines ending in LF.

    Raises:
        InputError: it is too large.
        OSError: it cannot be read.
        ValueError: it is not UTF-8, or no file can have this name.
    """
    text = read_whole(file).decode("utf-8-sig")
    return text.replace("\r\n", "\n").replace("\r", "\n")
