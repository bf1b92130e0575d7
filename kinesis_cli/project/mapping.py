"""Which mapping applies: a file's or the template's, with single settings on top."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.settings import (
    EventSourceMapping,
    members_not_acted_on,
    without_effect,
)
from kinesis_cli.places.whole_files import read_whole
from kinesis_cli.project.function import Function


class MappingChoice(msgspec.Struct, frozen=True):
    """A mapping, and where it came from."""

    mapping: EventSourceMapping
    origin: str  # for people
    notes: tuple[str, ...]  # a sentence for each setting that changes nothing in kcli


def choose_mapping(
    function: Function,
    file: Path | None,
    overrides: Mapping[str, object],
    said_by: str = "from the command line",
) -> MappingChoice:
    """The mapping for a function.

    Args:
        function: its template's mapping is used where no file is given.
        file: a mapping in the form of CreateEventSourceMapping, JSON or YAML; replaces the
            template's wholly.
        overrides: single settings under AWS's names; None where they are not given.
        said_by: whose overrides they are, for people.

    Raises:
        InputError: the file cannot be read, or the settings are not valid.
    """
    if file is not None:
        document, origin, place = read_mapping(file), str(file), str(file)
    elif function.mapping is not None:
        document, origin = dict(function.mapping), function.mapping_origin
        place = f"mapping of {function.mapping_origin}"
    else:
        document, origin, place = {}, "AWS's defaults", ""
    given = {name: value for name, value in overrides.items() if value is not None}
    if given:
        # A mapping that is whole in itself is checked first, so that an error names its place.
        EventSourceMapping.from_aws(document, place=place, kind=function.kind)
        document = _overridden(document, given)
        origin, place = f"{origin}, with {', '.join(given)} {said_by}", ""
    mapping = EventSourceMapping.from_aws(document, place=place, kind=function.kind)
    notes = (*members_not_acted_on(document), *without_effect(mapping))
    return MappingChoice(mapping, origin, notes)


def read_mapping(file: Path) -> dict[str, object]:
    """A mapping file: JSON, or YAML with any other name.

    Raises:
        InputError: it cannot be read, or is not an object.
    """
    document = read_document(file)
    if not isinstance(document, dict):
        raise InputError(
            "not a mapping",
            place=str(file),
            advice='It has the form of CreateEventSourceMapping: {"BatchSize": 100, ...}.',
        )
    return {str(name): value for name, value in document.items()}


def read_document(file: Path) -> object:
    """What a file holds: JSON, or YAML with any other name.

    Raises:
        InputError: it cannot be read.
    """
    try:
        text = read_whole(file)
        return msgspec.json.decode(text) if file.suffix == ".json" else _yaml(text, file)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(reason, place=str(file)) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"not readable: {error}", place=str(file)) from error


def _yaml(text: bytes, file: Path) -> object:
    from kinesis_cli.project.loading import load_yaml

    return load_yaml(text.decode("utf-8-sig"), file)


def _overridden(document: Mapping[str, object], given: Mapping[str, object]) -> dict[str, object]:
    merged = {**document, **given}
    if "StartingPosition" in given and given["StartingPosition"] != "AT_TIMESTAMP":
        merged.pop("StartingPositionTimestamp", None)
    return merged
