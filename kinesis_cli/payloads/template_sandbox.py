"""The Jinja2 environment of data templates: what they may reach, and how far they may go.

A template gets plain functions and values, no object of ours or of Faker's: behind one of those an
attribute that nobody checks may lead into Python. It ends with an error after so many steps or so
much text: it is data, so it may come from elsewhere, and one that never ends would hold a command
up for ever.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import wraps
from inspect import signature
from random import Random
from types import BuiltinMethodType
from typing import Any
from uuid import UUID

from kinesis_cli.payloads.optional_packages import extra

MAX_STEPS = 1_000_000  # loop rounds and calls of one record
MAX_SIZE = 10 * 2**20  # characters or elements of any value; no record is larger
MAX_NUMBER = 10_000  # that asks for a width or for so many of something
_ELEMENT = 10  # what one of many counts, so that there are a million at most
_MAX_BITS = 4096  # of a whole number
_MAX_EXPONENT = 1024

_WIDE = re.compile(
    r"\d{5,}|\*"
)  # a width or precision in a format that is too large, or an argument
_NESTED = re.compile(r"\{[^{}]*\{")  # one that is an argument of str.format
# Methods of text, and filters, that take a width or a number of something.
_WIDENING = frozenset(
    {"center", "ljust", "rjust", "zfill", "expandtabs", "indent", "wordwrap", "batch", "slice"}
)
# The parameters of functions that say how many, how long.
_COUNTS = re.compile(r"(max_|min_)?(nb\w*|chars|length|digits|k|n)|\w+_(digits|chars)")

_GLOBALS = ("range", "dict", "cycler", "joiner", "namespace")  # of Jinja's own

_RANDOM = (
    *("random", "uniform", "triangular", "randint", "randrange", "choice", "choices", "sample"),
    *("gauss", "normalvariate", "lognormvariate", "expovariate", "betavariate", "gammavariate"),
)

# Faker's providers whose functions make a text or a number out of nothing but their arguments.
_PROVIDERS = (
    *("address", "automotive", "bank", "barcode", "color", "company", "credit_card", "currency"),
    *("date_time", "emoji", "geo", "internet", "isbn", "job", "lorem", "passport", "person"),
    *("phone_number", "ssn", "user_agent"),
)
# Of others, these.
_FUNCTIONS = (
    *("boolean", "md5", "null_boolean", "password", "sha1", "sha256", "uuid4"),
    *("bothify", "hexify", "lexify", "numerify", "random_digit", "random_digit_not_null"),
    *(
        "random_element",
        "random_elements",
        "random_int",
        "random_letter",
        "random_lowercase_letter",
    ),
    *(
        "random_number",
        "random_uppercase_letter",
        "pybool",
        "pydecimal",
        "pyfloat",
        "pyint",
        "pystr",
    ),
    *("mime_type", "file_extension", "file_name"),
)
_NOT = ("time_series",)  # takes a function


def sandbox(random: Random) -> Any:  # noqa: ANN401 - jinja2 may not be installed
    """An environment for templates that know `random`, `uuid()` and `fake`.

    Args:
        random: decides everything.

    Raises:
        InputError: Jinja2 is not installed.
    """
    undefined = extra("jinja2").StrictUndefined
    environment = _environment_class()(undefined=undefined, finalize=_shown)
    environment.globals = {name: environment.globals[name] for name in _GLOBALS}
    environment.globals |= {
        "random": {name: _plain(getattr(random, name)) for name in _RANDOM},
        "uuid": lambda: str(UUID(int=random.getrandbits(128), version=4)),
    }
    for name, filter_ in environment.filters.items():
        environment.filters[name] = _limited_filter(filter_)
    return environment


def fake_functions(random: Random) -> dict[str, Callable[..., object]]:
    """Faker's functions as plain ones, seeded by `random`.

    Raises:
        InputError: Faker is not installed.
    """
    faker = extra("faker").Faker()
    faker.seed_instance(random.getrandbits(64))
    names = {name for name in _FUNCTIONS if hasattr(faker, name)}
    base = set(dir(extra("faker.providers").BaseProvider))
    for provider in _PROVIDERS:
        module = extra(f"faker.providers.{provider}")
        names |= {name for name in vars(module.Provider) if not name.startswith("_")} - base
    functions = {name: getattr(faker, name, None) for name in sorted(names - {*_NOT})}
    return {name: _plain(value) for name, value in functions.items() if callable(value)}


class TooMuchError(Exception):
    """A template that goes on, or grows, for ever."""


def _plain(function: Callable[..., object]) -> Callable[..., object]:
    """`function` for counts of modest size; its result as a plain value."""
    parameters = signature(function)

    def call(*args: object, **kwargs: object) -> object:
        for name, value in parameters.bind(*args, **kwargs).arguments.items():
            if _COUNTS.fullmatch(name):
                _check_number(value)
        return _as_plain(function(*args, **kwargs))

    return call


def _as_plain(value: object) -> object:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_as_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(name): _as_plain(each) for name, each in value.items()}
    return str(value)


def _check_number(value: object) -> None:
    if isinstance(value, int | float) and abs(value) > MAX_NUMBER:
        raise TooMuchError(f"{value} is more than {MAX_NUMBER:,} of something")


def _check_size(size: int) -> None:
    if size > MAX_SIZE:
        raise TooMuchError(f"a value grows beyond {MAX_SIZE:,} characters")


def _checked(value: Any) -> Any:  # noqa: ANN401 - whatever a template computes
    """A value, as long as it is of modest size."""
    if isinstance(value, str | bytes | list | tuple | dict):
        _check_size(len(value))
    elif isinstance(value, int) and value.bit_length() > _MAX_BITS:
        raise TooMuchError("a number grows without end")
    return value


def _shown(value: Any) -> Any:  # noqa: ANN401
    """A value that is about to become text."""
    _check_size(_length(value))
    return value


def _length(value: object, known: dict[int, int] | None = None) -> int:
    """About how long a value is as text; what is in it twice is looked at once."""
    known = {} if known is None else known
    if isinstance(value, (str, bytes)):
        return len(value)
    if id(value) not in known:
        known[id(value)] = 0  # one that holds itself is shown as "..."
        inside: Collection[object] = ()
        if isinstance(value, (list, tuple, set, frozenset)):
            inside = value
        elif isinstance(value, dict):
            inside = [*value.keys(), *value.values()]
        if len(inside) * _ELEMENT > MAX_SIZE:
            return MAX_SIZE + 1
        known[id(value)] = 1 + sum(_length(each, known) + _ELEMENT for each in inside)
    return known[id(value)]


def _limited_filter(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """A filter of Jinja's that makes nothing huge. What Jinja marked it with stays."""
    name = filter_.__name__.removeprefix("do_")

    @wraps(filter_)
    def limited(*args: object, **kwargs: object) -> object:
        if name == "join":
            args = tuple(list(each) if isinstance(each, Iterator) else each for each in args)
        _check_arguments(name, [*args, *kwargs.values()])
        return _checked(filter_(*args, **kwargs))

    return limited


def _check_arguments(name: str, args: list[object]) -> None:
    """Refuse arguments of a method of text, or of a filter, that would make a huge one."""
    texts = [each for each in args if isinstance(each, str | bytes)]
    length = sum(map(_length, args))
    _check_size(length)
    if name == "replace" and texts:
        _check_size((len(texts[0]) + 1) * max(len(text) for text in texts))
    elif name == "join":
        pieces = max((len(each) for each in args if isinstance(each, list | tuple)), default=0)
        _check_size(length + max(pieces, length) * max(map(len, texts), default=0))
    elif name == "format" and texts:
        _check_format(texts[0])
        if _NESTED.search(str(texts[0])):
            _check_numbers(args)
    elif name in _WIDENING:
        _check_numbers(args)
        widths = [each for each in args if isinstance(each, int)]
        stops = sum(str(text).count("\n") + str(text).count("\t") + 1 for text in texts)
        _check_size(length + stops * max(widths, default=0))


def _check_numbers(values: Iterable[object]) -> None:
    for each in values:
        _check_number(each)


def _check_format(text: str | bytes) -> None:
    shown = text if isinstance(text, str) else text.decode("latin-1")
    if _WIDE.search(shown):
        raise TooMuchError("a format asks for too much")


def _operate(operator: str, left: Any, right: Any) -> None:  # noqa: ANN401
    """Refuse an operation whose result would be huge, before it is done."""
    sized = (str, bytes, list, tuple)
    match operator:
        case "*" if isinstance(left, sized) and isinstance(right, int):
            _check_size(_length(left) * max(right, 0))
        case "*" if isinstance(right, sized) and isinstance(left, int):
            _check_size(_length(right) * max(left, 0))
        case "+" if isinstance(left, sized) and isinstance(right, sized):
            _check_size(_length(left) + _length(right))
        case "**" if not (isinstance(right, int | float) and abs(right) <= _MAX_EXPONENT):
            raise TooMuchError("an exponent is too large")
        case "%" if isinstance(left, str | bytes):
            _check_format(left)
            _check_size(_length(right))


def _environment_class() -> type:
    """The class, made when Jinja2 is first needed."""
    nodes = extra("jinja2.nodes")

    class Watched(extra("jinja2.visitor").NodeTransformer):  # type: ignore[misc]
        """Sends loops and `~`, which Jinja does by itself, through the environment."""

        def visit_For(self, node: Any) -> Any:  # noqa: ANN401, N802 - as Jinja calls it
            node.iter = self._through("counted", [node.iter], node.lineno)
            return self.generic_visit(node)

        def visit_Concat(self, node: Any) -> Any:  # noqa: ANN401, N802
            return self.generic_visit(self._through("joined", node.nodes, node.lineno))

        def _through(self, name: str, values: list[Any], line: int) -> Any:  # noqa: ANN401
            called = nodes.EnvironmentAttribute(name, lineno=line)
            return nodes.Call(called, values, [], None, None, lineno=line)

    class DataSandbox(extra("jinja2.sandbox").ImmutableSandboxedEnvironment):  # type: ignore[misc]
        """Counts steps and watches sizes."""

        intercepted_binops = frozenset({"+", "*", "**", "%"})
        steps_left = MAX_STEPS

        def step(self) -> None:
            self.steps_left -= 1
            if self.steps_left < 0:
                raise TooMuchError(f"the template takes more than {MAX_STEPS:,} steps for a record")

        def counted(self, values: Iterable[object]) -> Iterator[object]:
            """The values of a loop."""
            for value in values:
                self.step()
                yield value

        def joined(self, *values: object) -> str:
            """What `~` makes."""
            _check_size(sum(map(_length, values)))
            return "".join(map(str, values))

        def call(self, context: Any, called: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            self.step()
            if isinstance(called, BuiltinMethodType) and isinstance(called.__self__, str | bytes):
                _check_arguments(called.__name__, [called.__self__, *args, *kwargs.values()])
            return _checked(super().call(context, called, *args, **kwargs))

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401
            _operate(operator, left, right)
            return _checked(super().call_binop(context, operator, left, right))

        def wrap_str_format(self, value: Any) -> Any:  # noqa: ANN401
            wrapped = super().wrap_str_format(value)
            if wrapped is None:
                return None

            def format_(*args: object, **kwargs: object) -> str:
                _check_arguments("format", [value.__self__, *args, *kwargs.values()])
                return str(_checked(wrapped(*args, **kwargs)))

            return format_

        def _parse(self, source: str, name: str | None, filename: str | None) -> Any:  # noqa: ANN401
            return Watched().visit(super()._parse(source, name, filename))

    return DataSandbox
