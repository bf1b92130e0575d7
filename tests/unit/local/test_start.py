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
