"""A local endpoint of the tests' own: its clients, and what commands say about it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.session import Session

from tests.e2e.programs import Completed, Kcli
from tests.patience import PATIENCE

QUEUE = "FailureQueue"
GOOD = "def handler(event, context):\n    return {'batchItemFailures': []}\n"
PARTLY = (
    "def handler(event, context):\n"
    "    last = event['Records'][-1]['kinesis']['sequenceNumber']\n"
    "    return {'batchItemFailures': [{'itemIdentifier': last}]}\n"
)
Clients = Callable[[str], Any]  # botocore makes classes as it runs


def clients_of(endpoint: str) -> Clients:
    session = Session()
    session.set_credentials("local", "local")
    return lambda service: session.create_client(
        service, region_name="us-east-1", endpoint_url=endpoint
    )


def empty(sqs: Any, url: str) -> None:  # noqa: ANN401
    """PurgeQueue is for once a minute only."""
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for each in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])


def document(completed: Completed) -> Any:  # noqa: ANN401 - a JSON document
    assert completed.returncode == 0, completed.stderr
    return json.loads(completed.stdout)


def put_poison(run: Kcli) -> str:
    """Put a record that fails and wait until Lambda has given it up; its sequence number."""
    put = run("put", "--temperature", "120", "--output", "ndjson")
    number = document(put)["sequenceNumber"]
    assert run("local", "wait", "--idle", "--timeout", str(PATIENCE)).returncode == 0
    return str(number)


def write_project(folder: Path, app: str, template: str) -> Path:
    """A new folder with `src/app.py` and `template.yaml`; the folder."""
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "app.py").write_text(app)
    (folder / "template.yaml").write_text(template)
    return folder
