"""Which function and mapping a test means: those of the template, as `kcli simulate` takes them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.project.find import find_function
from kinesis_cli.project.function import DEFAULT_MEMORY_SIZE, MAX_TIMEOUT, Function
from kinesis_cli.project.functions.choosing import CHOOSE
from kinesis_cli.project.functions.from_template import function_of_template, functions_of
from kinesis_cli.project.locate import find_project
from kinesis_cli.project.mapping import MappingChoice, choose_mapping
from kinesis_cli.project.settings import template_settings
from kinesis_cli.project.template.file import TemplateFile
from kinesis_cli.project.tools import NoTemplateError
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS

_NAMING = "kinesis_template = {} in pytest's configuration"
_CHOOSE = (
    "Choose one: kinesis_function = NAME in pytest's configuration, "
    "or @pytest.mark.kinesis(function=NAME)."
)

MappingGiven = EventSourceMapping | Mapping[str, object] | str | Path | None


def described_function(
    function: Callable[..., object] | None,
    *,
    template: Path | None,
    named: str | None,
    directory: Path,
    kind: SourceKind = KINESIS,
) -> Function | None:
    """Return what the template says of a function of the test; None: there is no template.

    Args:
        function: the test's own; where the template has several it tells which is meant.
        template: the one that is named.
        named: the logical id that is named.
        directory: where a template is looked for, upwards.
        kind: of source that it is called for.

    Raises:
        InputError: the template is not usable, or nobody can tell which function is meant.
    """
    settings = template_settings(
        {"template": str(template) if template else None}, directory=directory
    )
    try:
        project = find_project(settings, directory, naming=_NAMING)
    except NoTemplateError as error:
        advice = f"{error.advice} Or name the mapping: deliver(…, mapping={{}}) is AWS's defaults."
        raise InputError(error.problem, place=str(directory), advice=advice) from None
    if project.is_bundled:
        return None
    source = project.template
    stamp = source.path.stat().st_mtime_ns if source.path.is_file() else 0
    try:
        return _read(_Source(source), stamp, named, directory, kind)
    except InputError as error:
        if not error.advice.startswith(CHOOSE):
            raise
        if function is not None and (fitting := _fitting(source, function, directory, kind)):
            return fitting
        raise InputError(error.problem, place=str(source.path), advice=_CHOOSE) from None


def project_function(
    handler: str | None,
    *,
    template: Path | None,
    named: str | None,
    directory: Path,
    kind: SourceKind = KINESIS,
) -> Function:
    """Return the function that `kcli simulate` would run, with its code.

    Raises:
        InputError: there is none, or its code is not usable.
    """
    found = find_function(
        template=template, function=named, handler=handler, directory=directory, kind=kind
    )
    if found.is_sample:  # which nobody's test means
        raise InputError(
            "there is no template here or above, and no function is named",
            place=str(directory),
            advice="Pass the function: deliver(records, app.handler).",
        )
    from kinesis_cli.handlers.aws_access import NO_ACCESS

    return found if _is_aws_replaced() else replace(found, aws=NO_ACCESS)


def meant_mapping(
    function: Function | None,
    given: MappingGiven,
    settings: Mapping[str, object],
    directory: Path,
    kind: SourceKind = KINESIS,
) -> MappingChoice:
    """Return the mapping that is meant.

    Args:
        function: whose mapping counts where none is given.
        given: a mapping that replaces the template's wholly.
        settings: single ones under AWS's names on top.
        directory: where the file of a mapping is looked for.
        kind: of source that the mapping reads, where no function is given.

    Raises:
        InputError: a setting is not valid.
    """
    if isinstance(given, EventSourceMapping):
        given = given.to_aws()
    base = function or replace(_NOTHING_SAID, kind=kind)
    if isinstance(given, str | Path):
        return choose_mapping(base, directory / given, settings, "of the test")
    if given is not None:
        base = replace(base, mapping=given, mapping_origin="the test")
    return choose_mapping(base, None, settings, "of the test")


_NOTHING_SAID = Function(
    name="function",
    code_uri=Path(),
    handler="",
    timeout=MAX_TIMEOUT,
    memory_size=DEFAULT_MEMORY_SIZE,
    environment={},
    mapping=None,
    origin="",
    mapping_origin="AWS's defaults",
)


class _Source:
    """A template as a key of the cache: its parameters are a dictionary, which has no hash."""

    def __init__(self, source: TemplateFile) -> None:
        self.source = source
        self._key = source.path, tuple(sorted(source.parameters.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Source) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@lru_cache(maxsize=64)
def _read(
    source: _Source, _stamp: int, named: str | None, directory: Path, kind: SourceKind
) -> Function:
    """What a template says of a function: read once for all tests. Its code is not looked at."""
    return function_of_template(
        source.source, named, None, bundled=False, code=directory, kind=kind
    )


def _fitting(
    source: TemplateFile, function: Callable[..., object], directory: Path, kind: SourceKind
) -> Function | None:
    """The function of the template whose handler the test's function is, if one is."""
    wanted: Any = inspect.unwrap(function)
    name, code = getattr(wanted, "__name__", ""), getattr(wanted, "__code__", None)
    if code is None:
        return None
    file = Path(code.co_filename)
    fits = []
    for each in functions_of(source):
        found = function_of_template(source, each, None, bundled=False, code=directory, kind=kind)
        module, _, handler = found.handler.rpartition(".")
        parts = module.replace(".", "/").split("/")
        if handler == name and [*file.with_suffix("").parts][-len(parts) :] == parts:
            fits.append((each, found))
    if len(fits) > 1:  # the same file name in several folders: the code's own folder decides
        fits = [(each, found) for each, found in fits if _is_in(source, each, file)]
    return fits[0][1] if len(fits) == 1 else None


def _is_in(source: TemplateFile, logical_id: str, file: Path) -> bool:
    try:
        found = function_of_template(source, logical_id, None, bundled=False, build=False)
    except InputError:
        return False
    return file.is_relative_to(found.code_uri.resolve())


def _is_aws_replaced() -> bool:
    """Whether the test has put something in AWS's place, so that credentials are none of AWS's."""
    import os
    import sys

    moto: Any = sys.modules.get("moto.core.models")
    stubber = getattr(moto, "botocore_stubber", None)
    return bool(getattr(stubber, "enabled", False)) or "AWS_ENDPOINT_URL" in os.environ
