"""AWS's own runtime client, with the packages that come with Python on Lambda.

`python start.py aws_client HANDLER FOLDER PYTHON`, see `LentPackages`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from runpy import run_module

from .lent_packages import LentPackages
from .output import say

_CLIENT = "awslambdaric"


def main(arguments: list[str]) -> None:
    """Run it as `python -m awslambdaric HANDLER` does."""
    handler, folder, python = arguments
    LentPackages(folder, python, say).install()
    sys.path.insert(0, str(Path.cwd()))
    sys.argv[:] = [_CLIENT, handler]
    run_module(_CLIENT, run_name="__main__", alter_sys=True)
