import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kinesis_cli.project.find import find_function
from kinesis_cli.project.mapping import choose_mapping
from kinesis_cli.testing.search.checking import Plan, check_function, wanted_properties
from kinesis_cli.testing.search.report import CheckReport
from tests import forks
from tests.check.projects import project
from tests.e2e.json_shapes import assert_described
from tests.e2e.programs import KCLI, Completed

Check = Callable[..., CheckReport]
Kcli = Callable[..., Completed]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Checks code as the function of a project, with the samples of the tests."""
    monkeypatch.chdir(tmp_path)

    def check(
        code: str,
        *only: str,
        idempotent: bool = False,
        secrets: tuple[str, ...] = (),
        examples: int = 60,
        seed: int = 0,
        mapping: dict[str, object] | None = None,
        **files: str,
    ) -> CheckReport:
        project(tmp_path, code, **files)
        function = find_function(directory=tmp_path)
        plan = Plan(
            names=wanted_properties(only, idempotent=idempotent, secrets=secrets),
            samples=str(tmp_path / "samples.jsonl"),
            seed=seed,
            max_examples=examples,
            secrets=secrets,
        )
        choice = choose_mapping(function, None, mapping or {})
        return check_function(function, choice, plan, is_ours=False)

    return check


@pytest.fixture
def kcli(tmp_path: Path) -> Kcli:
    """Runs the command in the project of a test."""

    def run(*arguments: str, **environment: str) -> Completed:
        environment = {**os.environ, "COLUMNS": "80", **environment}
        done = forks.run([*KCLI, *arguments], tmp_path, environment)
        if done.returncode in (0, 1):
            assert_described(arguments, done.stdout)
        return done

    return run
