from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from kinesis_cli.lint.linting import Lint, lint_file
from kinesis_cli.project.template.file import TemplateFile

Linted = Callable[..., Lint]


@pytest.fixture
def lint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Linted:
    """Writes a template, and files beside it, and lints it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)

    def run(
        template: str,
        files: Mapping[str, str] | None = None,
        *,
        name: str = "template.yaml",
        parameters: Mapping[str, str] | None = None,
        ignore: tuple[str, ...] = (),
    ) -> Lint:
        for each, text in {**(files or {}), name: template}.items():
            path = tmp_path / each
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))
        return lint_file(TemplateFile(Path(name), parameters or {}), ignore)

    return run
