"""Options that make the event of a Kafka topic."""

from typing import Annotated

import msgspec
import typer

from kinesis_cli.cli.options.takes import flag, given
from kinesis_cli.errors import InputError

DEFAULT_TOPIC = "kcli"


class Kafka(msgspec.Struct, frozen=True):
    """A topic of Kafka."""

    kafka: Annotated[
        bool | None,
        typer.Option(
            "--kafka", help="Records of a topic of Amazon MSK; --shards are its partitions."
        ),
    ] = None
    self_managed: Annotated[
        bool | None,
        typer.Option("--self-managed", help="With --kafka: of a cluster that is not MSK's."),
    ] = None
    topic: Annotated[
        str | None,
        typer.Option(
            "--topic", metavar="NAME", help=f"With --kafka: its name; default: {DEFAULT_TOPIC}."
        ),
    ] = None


def wants_topic(options: Kafka) -> bool:
    """Return whether an event of Kafka is to be made.

    Raises:
        InputError: an option is about Kafka, and no such event is asked for.
    """
    if not options.kafka and (named := list(given(options))):
        raise InputError(f"{flag(named[0])} is about Kafka", advice="Add --kafka.")
    return bool(options.kafka)
