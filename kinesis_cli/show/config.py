"""The result of `kcli config`: every setting, where it came from, and what they lead to."""

from kinesis_cli.local.client.connection import Description
from kinesis_cli.show.console import plain, stdout_console, write_document
from kinesis_cli.show.shapes import machine as shapes


def show_config(description: Description, output: str) -> None:
    """Print the settings and the target.

    Args:
        description: what is in force.
        output: "table", "json" or "ndjson".
    """
    if output != "table":
        write_document(as_document(description), output)
    else:
        _show_table(description)


def as_document(description: Description) -> shapes.Config:
    """The settings and the target as JSON, version 1."""
    target = description.target
    return shapes.Config(
        version=1,
        settings=[
            shapes.Setting(
                name=name,
                value=setting.value if setting else None,
                source=setting.source if setting else None,
            )
            for name, setting in description.settings.items()
        ],
        target=shapes.Target(
            kind=target.kind,
            endpoint=description.endpoint,
            region=target.region,
            stream=target.stream,
            function=target.function,
        ),
    )


def _show_table(description: Description) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table("Setting", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("Value", "From"):
        table.add_column(name, overflow="fold")  # an ARN is to be copied, not guessed
    for name, setting in description.settings.items():
        if setting:
            table.add_row(name, plain(setting.value), plain(setting.source))
        else:
            table.add_row(name, "-", "")
    console = stdout_console()
    console.print(table)
    console.print(plain(_sentence(description)), soft_wrap=True)


def _sentence(description: Description) -> str:
    """What a bare `kcli put` would talk to, and why."""
    target = description.target
    stream = f"stream {target.stream}" if target.stream else "no stream yet"
    place = target.place(description.endpoint, target.region)
    return f"`kcli put` would talk to {stream} at {place} ({target.reason})."
