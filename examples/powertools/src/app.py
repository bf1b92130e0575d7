"""Books payments, each once, whatever Lambda delivers again."""

import os

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)

processor = BatchProcessor(event_type=EventType.KinesisDataStreams)
config = IdempotencyConfig(event_key_jmespath="id")
table = DynamoDBPersistenceLayer(table_name=os.environ.get("IDEMPOTENCY_TABLE", "idempotency"))
booked = []  # where a real function would call its bank


@idempotent_function(data_keyword_argument="payment", config=config, persistence_store=table)
def book(payment):
    booked.append((payment["id"], payment["amount"]))


def handle(record):
    book(payment=record.kinesis.data_as_json())


def lambda_handler(event, context):
    config.register_lambda_context(context)
    return process_partial_response(
        event=event, record_handler=handle, processor=processor, context=context
    )
