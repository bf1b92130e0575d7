"""Payloads from the user's pydantic model (polyfactory)."""

import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

from pydantic import BaseModel

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.optional_packages import extra
from kinesis_cli.payloads.own_data import numbered
from kinesis_cli.stream.payload import Payload


def from_model(name: str, random: Random, times: Iterable[float]) -> Iterator[Payload]:
    """A random valid instance of a model for each of the times, as JSON.

    Args:
        name: `package.module:Model`, importable from the working directory.
        random: decides the values.
        times: epoch seconds; how many payloads there are.

    Raises:
        InputError: there is no such model, it cannot be filled, or polyfactory is not installed.
    """
    factories = extra("polyfactory.factories.pydantic_factory")
    model = _model(name)
    factory = factories.ModelFactory.create_factory(model)
    factory.seed_random(random.getrandbits(32))
    return numbered(_instances(factory, name, times))


def _instances(factory: Any, name: str, times: Iterable[float]) -> Iterator[bytes]:  # noqa: ANN401
    for _ in times:
        try:
            instance: BaseModel = factory.build()
        except Exception as error:  # a model's validators may fail in any way
            problem = f"no instance could be made: {type(error).__name__}: {error}"
            raise InputError(problem, place=f"--model {name}") from error
        yield instance.model_dump_json(by_alias=True).encode()


def _model(name: str) -> type[BaseModel]:
    module_name, colon, attribute = name.partition(":")
    place = f"--model {name}"
    if not (colon and module_name and attribute):
        raise InputError("a model is named as package.module:Model", place=place)
    directory = str(Path.cwd())
    if directory not in sys.path:
        sys.path.insert(0, directory)
    try:
        model = getattr(import_module(module_name), attribute)
    except Exception as error:  # a user's module may fail in any way
        raise InputError(f"{type(error).__name__}: {error}", place=place) from error
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise InputError(f"{attribute} is no pydantic model", place=place)
    return model
