"""Payloads from the user's pydantic model or dataclass (polyfactory)."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import is_dataclass
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

from pydantic import BaseModel, TypeAdapter

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
    factories = extra("polyfactory.factories")
    model = _model(name)
    if issubclass(model, BaseModel):
        factory = extra("polyfactory.factories.pydantic_factory").ModelFactory.create_factory(model)
    else:
        factory = factories.DataclassFactory.create_factory(model)
    factory.seed_random(random.getrandbits(32))
    return numbered(_instances(factory, _as_json(model), name, times))


def _as_json(model: type) -> Callable[[Any], bytes]:
    adapter: TypeAdapter[object] = TypeAdapter(model)
    return lambda instance: adapter.dump_json(instance, by_alias=True)


def _instances(
    factory: Any,  # noqa: ANN401 - of polyfactory, which is an extra
    as_json: Callable[[Any], bytes],
    name: str,
    times: Iterable[float],
) -> Iterator[bytes]:
    for _ in times:
        try:
            yield as_json(factory.build())
        except Exception as error:  # a model's validators may fail in any way
            problem = f"no instance could be made: {type(error).__name__}: {error}"
            raise InputError(problem, place=f"--model {name}") from error


def _model(name: str) -> type:
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
    if not isinstance(model, type) or not (issubclass(model, BaseModel) or is_dataclass(model)):
        raise InputError(f"{attribute} is neither a pydantic model nor a dataclass", place=place)
    return model
