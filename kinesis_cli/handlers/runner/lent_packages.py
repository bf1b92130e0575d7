"""The packages that come with Python on Lambda, where the function's own Python has none.

They are found in the folder that kcli has them in, after every other place, and nothing else that
lies there is.

Source: https://docs.aws.amazon.com/lambda/latest/dg/python-package.html#python-package-searchpath
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

BOTO3 = frozenset({"boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six"})
# with what Lambda's runtime client brings
ON_LAMBDA = BOTO3 | {"awslambdaric", "snapshot_restore_py"}


class LentPackages:
    """A finder of modules, the last one that is asked.

    Args:
        folder: where kcli's packages are; "": nothing is lent.
        python: the function's Python, for people.
        tell: told a sentence when the first package is taken from there.
    """

    def __init__(self, folder: str, python: str, tell: Callable[[str], None]) -> None:
        self._folder, self._python, self.tell = folder, python, tell
        self._is_told = False

    def install(self) -> None:
        """Let the function find them."""
        if self._folder:
            sys.meta_path.append(self)

    def find_spec(
        self,
        name: str,
        path: Any = None,  # noqa: ANN401 - of a package whose module is looked for
        _target: object = None,
    ) -> ModuleSpec | None:
        """Where a package is. What is inside it is found by Python itself."""
        if path is not None or name not in ON_LAMBDA:
            return None
        spec = PathFinder.find_spec(name, [self._folder])
        if spec is not None and not self._is_told:
            self._is_told = True
            self.tell(
                f"{name} is kcli's, as Lambda's Python brings one: {self._python} has no {name}."
            )
        return spec
