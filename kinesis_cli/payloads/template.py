"""Payloads from the user's template (Jinja2, in `template_sandbox`)."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.optional_packages import extra
from kinesis_cli.payloads.own_data import numbered
from kinesis_cli.payloads.template_sandbox import (
    MAX_SIZE,
    MAX_STEPS,
    TooMuchError,
    fake_functions,
    sandbox,
)
from kinesis_cli.places.whole_files import read_whole_text
from kinesis_cli.stream.payload import Payload


def from_template(file: Path, random: Random, times: Iterable[float]) -> Iterator[Payload]:
    """A payload for each of the times, rendered from a template.

    The template knows `index` (0, 1, …), `now` (epoch seconds, when the record arrives), `random`
    (as Python's module), `uuid()` and `fake` (Faker's functions that make data). It may do no harm:
    it reaches no file, no program and nothing of Python's inside, it ends, and what it makes is no
    larger than a record may be.

    Raises:
        InputError: the template cannot be read or rendered, or Jinja2 is not installed.
    """
    environment = sandbox(random)
    try:
        text = read_whole_text(file)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(reason, place=str(file)) from error
    return numbered(_rendered(environment, text, file, random, times))


def _rendered(
    environment: Any,  # noqa: ANN401 - jinja2 may not be installed
    text: str,
    file: Path,
    random: Random,
    times: Iterable[float],
) -> Iterator[bytes]:
    try:
        names = extra("jinja2.meta").find_undeclared_variables(environment.parse(text))
        template = environment.from_string(text)
    except Exception as error:
        line = getattr(error, "lineno", 1)
        raise InputError(f"{error}", place=f"{file}, line {line}") from error
    if "fake" in names:  # else Faker need not be there, and its import takes long
        environment.globals["fake"] = fake_functions(random)
        template = environment.from_string(text)
    for index, now in enumerate(times):
        environment.steps_left = MAX_STEPS
        try:
            yield _joined(template.generate(index=index, now=now)).encode()
        except Exception as error:  # a template may fail in any way
            name = "" if isinstance(error, TooMuchError) else f"{type(error).__name__}: "
            raise InputError(f"{name}{error}", place=str(file)) from error


def _joined(pieces: Iterable[str]) -> str:
    made, size = [], 0
    for piece in pieces:
        made.append(piece)
        size += len(piece)
        if size > MAX_SIZE:
            raise TooMuchError(
                f"a payload is larger than {MAX_SIZE >> 20} MiB, as no record may be"
            )
    return "".join(made)
