"""The Python of docs/check.md runs, as tests of a project."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_the_python_examples_of_the_page_pass_as_tests(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "check.md").read_text()
    examples = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    assert len(examples) == 1
    shutil.copytree(ROOT / "lambda_function", tmp_path / "lambda_function")
    shutil.copy(ROOT / "template.yaml", tmp_path)
    (tmp_path / "test_page.py").write_text(examples[0])
    plugin = ("-p", "kinesis_cli.testing.plugin")  # of all that are installed here
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, "test_page.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
