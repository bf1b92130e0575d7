"""What is read whole, and has no end: a device, or a recording that was named by mistake."""

import resource
import subprocess
from pathlib import Path

import pytest

from tests.e2e.programs import KCLI, Kcli
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

MAX_MEMORY = 3 << 30  # of addresses; what reads on without a bound passes it, on any machine


@pytest.mark.parametrize(
    "arguments",
    [
        ["simulate", "event.json", "--mapping", "{}"],
        ["simulate", "event.json", "--env-vars", "{}"],
        ["simulate", "event.json", "--template", "{}"],
        ["invoke", "--data", "@{}"],
        ["event", "--dynamodb", "--keys", "id", "--items", "{}"],
        ["event", "--payload-template", "{}"],
        ["lint", "{}"],
    ],
    ids=" ".join,
)
def test_a_file_without_end_in_the_place_of_a_written_one_is_a_sentence(
    arguments: list[str], kcli: Kcli, tmp_path: Path
) -> None:
    (tmp_path / "event.json").write_text(kcli("event").stdout)
    ended = subprocess.run(
        [*KCLI, *(each.replace("{}", "/dev/zero") for each in arguments)],
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY)),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 2, ended.stderr
    assert "/dev/zero: larger than " in " ".join(ended.stderr.split())
