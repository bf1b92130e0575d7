"""A project with a local stream that tests use one after the other: each finds it as if new."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from botocore.session import Session

from kinesis_cli.local.client.fault_verbs import fault_request
from kinesis_cli.local.client.process import change_faults, ensure_running, stop_server
from kinesis_cli.local.options import LocalOptions
from kinesis_cli.local.state import IN_PROJECT

TEMPLATE = """\
Resources:
  Orders: {Type: AWS::Kinesis::Stream, Properties: {Name: orders, ShardCount: 2}}
"""


def kinesis(endpoint: str) -> Any:  # noqa: ANN401 - botocore makes classes as it runs
    """A client with keys that are nobody's."""
    session = Session()
    session.set_credentials("any", "key")
    return session.create_client("kinesis", region_name="us-east-1", endpoint_url=endpoint)


class SharedStream:
    """A project's folder, and its local stream in memory.

    Args:
        folder: the project's; holds nothing yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def as_new(self) -> str:
        """The folder with the template alone, and the endpoint with `orders` alone, empty."""
        for each in self.folder.iterdir():
            if each.is_dir() and not each.is_symlink():
                if each.name != IN_PROJECT:
                    shutil.rmtree(each)
            else:
                each.unlink()
        (self.folder / "template.yaml").write_text(TEMPLATE)
        options = replace(LocalOptions.of_project(self.folder, region="us-east-1"), in_memory=True)
        running = ensure_running(options, state=self.folder / IN_PROJECT)
        endpoint = running.server.endpoint
        if not running.started_now:
            change_faults(running.server, fault_request("off", []))
            client = kinesis(endpoint)
            for name in client.list_streams()["StreamNames"]:
                client.delete_stream(StreamName=name)
            client.create_stream(StreamName="orders", ShardCount=2)
        return endpoint


@contextmanager
def shared_stream(folder: Path) -> Iterator[SharedStream]:
    """One that ends with the block."""
    try:
        yield SharedStream(folder)
    finally:
        stop_server(folder / IN_PROJECT)
