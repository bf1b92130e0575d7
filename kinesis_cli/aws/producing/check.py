"""Asking whether a put would be allowed, without putting anything."""

from kinesis_cli.aws.session import Connection
from kinesis_cli.aws.streams import stream_parameter
from kinesis_cli.errors import EndpointError, aws_code
from kinesis_cli.putting.entry import Entry


def check_put(connection: Connection, stream: str, entry: Entry) -> None:
    """Ask the service to judge a record and not to take it.

    Raises:
        EndpointError: the put would be refused, or nobody was reached.

    Source: botocore's model `kinesis/2013-12-02`, PutRecord's DryRun: "Checks if your request will
    succeed"; DryRunOperationException: "The request was rejected because the DryRun parameter was
    specified".
    """
    from botocore.exceptions import ClientError

    parameters: dict[str, object] = {
        **stream_parameter(stream),
        "Data": entry.data,
        "PartitionKey": entry.partition_key,
        "DryRun": True,
    }
    if entry.explicit_hash_key is not None:
        parameters["ExplicitHashKey"] = entry.explicit_hash_key
    with connection.explained(stream=stream):
        try:
            connection.client("kinesis").put_record(**parameters)  # type: ignore[arg-type]
        except ClientError as error:
            if aws_code(error) == "DryRunOperationException":
                # UNSURE(dry-run): we take it as "yes", as EC2 documents its own; or may it come
                # before the stream and the permissions were looked at?
                return
            raise
    raise EndpointError(
        "the service knows no dry run and has put the record",
        advice="Leave --check-access out for this endpoint.",
    )
