"""Options that say which changes of a DynamoDB table are made; `event` and `invoke` share them."""

import os
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from kinesis_cli.cli.options.payloads import Payloads, payload_settings, says_payloads
from kinesis_cli.cli.options.takes import flag, given
from kinesis_cli.errors import InputError
from kinesis_cli.project.own import foreign_project

if TYPE_CHECKING:
    from kinesis_cli.payloads.changes.keys import TableKeys
    from kinesis_cli.payloads.changes.settings import ChangeSettings

_OWN_ITEMS = ("data", "from_", "payload_template", "model")
_NOT_OF_ITEMS = ("invalid_rate", "partition_key", "key_field")


class Changes(msgspec.Struct, frozen=True):
    """Changes of a table's items."""

    dynamodb: Annotated[
        bool | None,
        typer.Option("--dynamodb", help="Changes of a DynamoDB table, as its stream has them."),
    ] = None
    dynamodb_on_kinesis: Annotated[
        bool | None,
        typer.Option(
            "--dynamodb-on-kinesis",
            help="Changes of a DynamoDB table that DynamoDB puts on a Kinesis stream.",
        ),
    ] = None
    items: Annotated[
        str | None,
        typer.Option(
            "--items",
            metavar="FILE|-",
            help="The table's items: a JSON array, one a line, or what `aws dynamodb scan` prints; "
            "plain or with types; each is used once unless --count says how many records. --model, "
            "--data, --from and --template give items, too.",
        ),
    ] = None
    changes: Annotated[
        str | None,
        typer.Option(
            "--changes",
            metavar="CHANGE,...",
            help="What is done to each item, in this order: put, update, delete, ttl (removed by "
            "Time to Live). After a removal comes the next item. Default: put.",
        ),
    ] = None
    view: Annotated[
        str | None,
        typer.Option(
            "--view",
            metavar="TYPE",
            help="The stream's StreamViewType: NEW_AND_OLD_IMAGES (default), NEW_IMAGE, OLD_IMAGE, "
            "KEYS_ONLY.",
        ),
    ] = None
    keys: Annotated[
        str | None,
        typer.Option(
            "--keys",
            metavar="PK[,SK]",
            help="The table's key attributes, partition key first; of made-up readings: sensor.",
        ),
    ] = None
    table: Annotated[
        str | None,
        typer.Option("--table", metavar="NAME", help="The table's name; default: kcli."),
    ] = None


def asked_for(options: Changes) -> list[str]:
    """Return the options that ask for changes.

    Raises:
        InputError: another one is about changes, and none asks for them.
    """
    wanted = [name for name in ("dynamodb", "dynamodb_on_kinesis") if getattr(options, name)]
    if not wanted and (named := list(given(options))):
        raise InputError(
            f"{flag(named[0])} is about the changes of a table",
            advice="Add --dynamodb, or --dynamodb-on-kinesis.",
        )
    return list(map(flag, wanted))


def change_settings(
    options: Changes, payload: Payloads, source_arn: str | None = None
) -> "ChangeSettings":
    """Return the settings that the options describe.

    Args:
        options: as given on the command line.
        payload: what was said of payloads, which are items here.
        source_arn: of the stream, where it was named.

    Raises:
        InputError: they contradict each other, or say too little.
    """
    from kinesis_cli.payloads.changes.settings import (
        READINGS_KEYS,
        ChangeSettings,
        checked_stream_arn,
        checked_table,
    )
    from kinesis_cli.payloads.changes.views import view_named
    from kinesis_cli.payloads.changes.writes import changes_named
    from kinesis_cli.payloads.settings import PayloadSettings
    from kinesis_cli.stream.event import source_arn as checked_source

    is_own, keys = _items_and_keys(options, given(payload))
    if not (is_own or says_payloads(payload)) and (project := foreign_project(None)):
        raise InputError(
            "nothing says which items are changed, and kcli makes up sensor readings for its own "
            f"sample function only; this is the project of {os.path.relpath(project)}",
            advice="Add --items FILE --keys PK[,SK], or --model MODULE:MODEL with --keys; "
            "--temperature 20 makes a reading all the same.",
        )
    view, table = view_named(options.view or "NEW_AND_OLD_IMAGES"), options.table or "kcli"
    if options.dynamodb_on_kinesis and options.view is not None:
        raise InputError(
            "--view is of a table's own stream; on a Kinesis stream both images are told",
            advice="Leave --view out.",
        )
    if source_arn is not None and options.dynamodb:
        table = checked_stream_arn(source_arn).split("/")[1]
        if options.table not in (None, table):
            raise InputError(f"--table is {options.table}, and --event-source-arn names {table}")
    elif source_arn is not None:
        checked_source(source_arn)
    return ChangeSettings(
        keys=keys,
        changes=changes_named("put" if options.changes is None else options.changes),
        items=options.items,
        payloads=PayloadSettings() if options.items is not None else payload_settings(payload),
        key_name=None if is_own else READINGS_KEYS.partition_key,
        view=None if options.dynamodb_on_kinesis else view,
        table=checked_table(table),
        source_arn=source_arn,
    )


def _items_and_keys(options: Changes, payload: dict[str, Any]) -> "tuple[bool, TableKeys]":
    """Whether the items are the user's own, and the table's key."""
    from kinesis_cli.payloads.changes.keys import TableKeys
    from kinesis_cli.payloads.changes.settings import READINGS_KEYS

    for name in _NOT_OF_ITEMS:
        if name in payload:
            raise InputError(
                f"{flag(name)} is about payloads, and a change has items",
                advice=f"Leave {flag(name)} out.",
            )
    if options.items is not None and payload:
        raise InputError(
            f"--items and {flag(next(iter(payload)))} both give items",
            advice="Leave one of the two out.",
        )
    is_own = options.items is not None or any(name in payload for name in _OWN_ITEMS)
    if is_own and options.keys is None:
        raise InputError(
            "nothing says which attributes are the table's key",
            advice="Add --keys PK or --keys PK,SK, with the names of your attributes.",
        )
    keys = READINGS_KEYS if options.keys is None else TableKeys.named(options.keys)
    if not is_own and keys != READINGS_KEYS:
        raise InputError(
            "--keys names the key of your own items, and none are given",
            advice="Add --items FILE, --model MODULE:MODEL or --data '{...}'.",
        )
    return is_own, keys
