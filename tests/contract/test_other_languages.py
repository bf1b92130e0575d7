"""Functions of other languages than Python: what starts them, and what they see."""

import sys
from pathlib import Path
from textwrap import dedent

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.handlers import handler_of
from kinesis_cli.handlers.isolated import IsolatedHandler
from tests.unit.handler_files import REQUEST_ID, function_in, request

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="functions are isolated on Linux")

# A runtime of its own in a few lines, as a Rust, Go or C++ function has one.
BOOTSTRAP = f"""\
#!{sys.executable}
import http.client, os
there = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    there.request("GET", "/2018-06-01/runtime/invocation/next")
    event = there.getresponse()
    request_id, body = event.headers["Lambda-Runtime-Aws-Request-Id"], event.read()
    print("got", len(body), flush=True)
    there.request("POST", f"/2018-06-01/runtime/invocation/{{request_id}}/response", body)
    there.getresponse().read()
"""


def write_bootstrap(folder: Path, code: str = BOOTSTRAP, name: str = "bootstrap") -> None:
    (folder / name).write_text(dedent(code))
    (folder / name).chmod(0o755)


def test_a_bootstrap_is_the_whole_function(tmp_path: Path) -> None:
    write_bootstrap(tmp_path)
    function = function_in(tmp_path, handler="any", runtime="provided.al2023")
    handler = handler_of(function, isolated=False, wall_clock=True)
    assert isinstance(handler, IsolatedHandler)
    assert handler.runtime == "isolated, bootstrap, provided.al2023"
    result = handler.invoke(request(payload=b'{"a": 1}'))
    handler.close()
    assert (result.response, result.error) == ({"a": 1}, None)
    assert result.logs[0].startswith("INIT_START Runtime Version: provided:al2023\t")
    assert result.logs[1:3] == (f"START RequestId: {REQUEST_ID} Version: $LATEST", "got 8")


@pytest.mark.parametrize(
    ("prepare", "problem", "advice"),
    [
        (lambda folder: None, "there is no executable bootstrap", "sam build"),
        (lambda folder: (folder / "bootstrap").write_text(""), "is not executable", "chmod +x"),
    ],
    ids=["missing", "not executable"],
)
def test_a_bootstrap_that_cannot_be_run_is_said_at_once(
    tmp_path: Path, prepare: object, problem: str, advice: str
) -> None:
    prepare(tmp_path)  # type: ignore[operator]
    with pytest.raises(InputError, match=problem) as raised:
        IsolatedHandler(function_in(tmp_path, runtime="provided.al2"))
    assert advice in raised.value.advice
    assert str(tmp_path) in raised.value.place


def test_a_runtime_that_kcli_cannot_start_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"runs on cobol85"):
        IsolatedHandler(function_in(tmp_path, runtime="cobol85"))
