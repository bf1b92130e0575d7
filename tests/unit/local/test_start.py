import subprocess
import sys


def test_a_server_that_only_keeps_streams_does_not_import_what_runs_functions() -> None:
    code = (
        "import sys, kinesis_cli.local.server.run;"
        "print([m for m in sys.modules if m.startswith(('kinesis_cli.local.function',"
        " 'kinesis_cli.event_source_mapping', 'kinesis_cli.handlers', 'moto', 'boto3'))])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_the_detached_server_does_without_uvicorns_own_command() -> None:
    code = (
        "import sys; from kinesis_cli.local.__main__ import main;"
        "main(['--state', '/dev/null/nowhere']);"
        "print([m for m in ('click', 'multiprocessing', 'uvicorn.main') if m in sys.modules],"
        " 'uvicorn.server' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[] True\n", run.stderr
