"""Payloads from the user's template (Jinja2, sandboxed)."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.extras import extra
from kinesis_cli.payloads.own_data import numbered
from kinesis_cli.payloads.payload import Payload


def from_template(file: Path, random: Random, times: Iterable[float]) -> Iterator[Payload]:
    """A payload for each of the times, rendered from a template.

    The template knows `index` (0, 1, …), `now` (epoch seconds, when the record arrives), `random`
    (a `random.Random`), `uuid()` and `fake` (Faker). It may do no harm: attributes that reach into
    Python are refused, and what is not defined is an error.

    Raises:
        InputError: the template cannot be read or rendered, or Jinja2 is not installed.
    """
    sandbox = extra("jinja2.sandbox")
    jinja = extra("jinja2")
    try:
        text = file.read_text("utf-8")
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(reason, place=str(file)) from error
    environment = sandbox.SandboxedEnvironment(undefined=jinja.StrictUndefined)
    helpers = {
        "random": random,
        "uuid": lambda: str(UUID(int=random.getrandbits(128), version=4)),
        "fake": _Fake(random),
    }
    return numbered(_rendered(environment, text, file, helpers, times))


def _rendered(
    environment: Any,  # noqa: ANN401 - jinja2 may not be installed
    text: str,
    file: Path,
    helpers: dict[str, object],
    times: Iterable[float],
) -> Iterator[bytes]:
    try:
        template = environment.from_string(text, globals=helpers)
    except Exception as error:
        line = getattr(error, "lineno", 1)
        raise InputError(f"{error}", place=f"{file}, line {line}") from error
    for index, now in enumerate(times):
        try:
            yield template.render(index=index, now=now).encode()
        except InputError:
            raise
        except Exception as error:  # a template may fail in any way
            raise InputError(f"{type(error).__name__}: {error}", place=str(file)) from error


class _Fake:
    """Faker, imported and seeded when a template first uses it."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._faker: Any = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever Faker offers
        if name.startswith("_"):
            raise AttributeError(name)
        if self._faker is None:
            self._faker = extra("faker").Faker()
            self._faker.seed_instance(self._random.getrandbits(64))
        return getattr(self._faker, name)
