"""`kcli event`, as a person or a script runs it."""

import json
from pathlib import Path

from tests.e2e.programs import Kcli


def test_a_hyphen_for_the_file_is_standard_output(kcli: Kcli, tmp_path: Path) -> None:
    options = ("event", "--count", "2", "--seed", "1")
    printed = kcli(*options)
    assert len(json.loads(printed.stdout)["Records"]) == 2
    for name in ("-o", "--output-file"):
        run = kcli(*options, name, "-")
        assert (run.stdout, run.stderr) == (printed.stdout, printed.stderr)
    assert list(tmp_path.iterdir()) == []
