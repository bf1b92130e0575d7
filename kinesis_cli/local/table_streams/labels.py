"""Which stream a table of the template has: known before moto, which makes it, is imported.

A stream is named after the moment at which it was turned on. So GetAtt StreamArn of the template,
the function's environment and its mapping can have the ARN that the table will have.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from kinesis_cli.errors import InputError
from kinesis_cli.local.clock import Clock
from kinesis_cli.local.table_streams.names import TableKey, new_label
from kinesis_cli.project.template.file import TemplateFile, reading_template
from kinesis_cli.project.template.resources import TABLES
from kinesis_cli.project.template.template import Template

Definitions = Mapping[TableKey, Mapping[str, Any]]


def stream_labels(
    template: TemplateFile | None, account: str, region: str, kept: Definitions, clock: Clock
) -> dict[str, str]:
    """The labels of the streams of an account's tables in a region, by the table's name.

    Args:
        template: whose tables are made at the start; None: there is none.
        account, region: where.
        kept: the tables of former times. Their streams go on, unless the template now wants
            another kind of images: that is another stream, as on AWS.
        clock: says when the new ones begin.
    """
    found = {
        key.name: str(definition["label"])
        for key, definition in kept.items()
        if (key.account, key.region) == (account, region) and _view(definition.get("streams"))
    }
    now = new_label(clock.now())
    for name, properties in _tables(template):
        view = _view(properties.get("StreamSpecification"))
        definition = kept.get(TableKey(account, region, name))
        # a table with other keys than the template's stays as it was
        is_same = definition is not None and definition["schema"] == properties.get("KeySchema")
        if definition is None or (is_same and _view(definition.get("streams")) != view):
            found.pop(name, None)
            if view:
                found[name] = now
    return found


def _tables(template: TemplateFile | None) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if template is None:
        return
    try:
        with reading_template(template):
            for _, part in Template.read(template).walk():
                for logical_id, resource in part.resources(*TABLES).items():
                    properties = part.resolve(resource.get("Properties"))
                    if isinstance(properties, Mapping):
                        yield part.physical_name(logical_id), properties
    except InputError:  # told by whoever needs the template
        return


def _view(specification: object) -> str | None:
    """What the records of a stream have; None: it is off."""
    if not isinstance(specification, Mapping) or specification.get("StreamEnabled") is False:
        return None
    view = specification.get("StreamViewType")
    return str(view) if view else None
