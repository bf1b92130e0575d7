"""The stream that records go to: for programs, and for the AWS CLI."""

import shlex
from base64 import b64encode

from kinesis_cli.aws.session import LOCAL_KEY, Connection
from kinesis_cli.project.target import TargetKind
from kinesis_cli.putting.entry import Entry
from kinesis_cli.show.shapes.put import PutTarget


def target_document(connection: Connection) -> PutTarget:
    """As in `kcli config --output json`."""
    return PutTarget(
        kind=connection.target.kind,
        endpoint=connection.endpoint_url,
        region=connection.region,
        stream=connection.stream,
    )


def aws_command(connection: Connection, entry: Entry) -> str:
    """The line that puts one record with the AWS CLI, whichever its version.

    Version 1 takes `--data` as text, version 2 as base64; both read a file's bytes.
    """
    target, stream = connection.target, connection.stream
    options = ["--stream-arn" if stream.startswith("arn:") else "--stream-name", stream]
    options += ["--partition-key", entry.partition_key]
    if entry.explicit_hash_key is not None:
        options += ["--explicit-hash-key", entry.explicit_hash_key]
    options += ["--data", "fileb:///dev/stdin"]
    if target.kind is not TargetKind.AWS:
        options += ["--endpoint-url", connection.endpoint_url]
    if target.profile:
        options += ["--profile", target.profile]
    options += ["--region", connection.region]
    keys = ""
    if target.kind is TargetKind.LOCAL:
        keys = f"AWS_ACCESS_KEY_ID={LOCAL_KEY} AWS_SECRET_ACCESS_KEY={LOCAL_KEY} "
    return f"{_printed(entry.data)} | {keys}aws kinesis put-record {shlex.join(options)}"


def _printed(data: bytes) -> str:
    """A shell command that prints the data."""
    text = data.decode(errors="replace")
    if text.encode() == data and text.isprintable():
        return f"printf %s {shlex.quote(text)}"
    return f"echo {b64encode(data).decode()} | base64 -d"
