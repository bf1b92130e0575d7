"""Loading YAML, JSON and TOML that somebody else may have written.

Whatever a loader raises becomes a sentence with the place. What a text stands for is bounded, not
only its size: a few lines of YAML can name each other so that they stand for billions of values.
"""

import json
import marshal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any

from kinesis_cli.errors import InputError, InputErrors

if TYPE_CHECKING:
    import yaml

MAX_DEPTH = 200  # lists and objects in each other
MAX_VALUES = 250_000  # of a YAML text; CloudFormation takes templates of 1 MB
MAX_DIGITS = 400  # of one number; Python itself writes no more than 4,300

# The YAML text that was read last, and its value: a command reads a template several times.
_last: tuple[str, bool, bytes] | None = None


def load_toml(text: str, place: object) -> Mapping[str, object]:
    """The document in a TOML text.

    Raises:
        InputError: it is not TOML, or nested too deeply.
    """
    import tomllib

    with InputErrors(place, "TOML"):
        document = tomllib.loads(text)
    _refuse_depth(document, place)
    return document


def load_json(text: str, place: object, *, kind: str = "JSON") -> Any:  # noqa: ANN401 - any JSON value
    """The value in a JSON text.

    Args:
        text: what is read.
        place: of the text, for messages.
        kind: what it should be.

    Raises:
        InputError: it is not JSON, or nested too deeply.
    """
    with InputErrors(place, kind):
        document = json.loads(text)
    _refuse_depth(document, place)
    return document


def load_yaml(text: str, place: object, *, intrinsics: bool = False, what: str = "") -> Any:  # noqa: ANN401 - any YAML value
    """The first document in a YAML text. Keys and dates are texts, as CloudFormation has them.

    Args:
        text: what is read.
        place: of the text, for messages.
        intrinsics: whether `!Ref A` is `{"Ref": "A"}`, and so on.
        what: what it is, "the template": begins the message.

    Raises:
        InputError: it is not YAML, or stands for more than it may.
    """
    global _last
    last = _last
    if last is not None and last[:2] == (text, intrinsics):
        return marshal.loads(last[2])
    import yaml  # only here: a project with a JSON template, or none, need not wait for it

    try:
        with InputErrors(place, "YAML"):
            try:
                document = yaml.load(text, Loader=_loader(intrinsics=intrinsics))
            except yaml.YAMLError as error:
                mark = getattr(error, "problem_mark", None)
                where = f"{place}, line {mark.line + 1}" if mark else str(place)
                problem = getattr(error, "problem", None) or " ".join(str(error).split())
                raise InputError(f"is not YAML: {problem}", place=where) from error
        _refuse_unbounded(document, place)
    except InputError as error:
        if not what:
            raise
        raise InputError(f"{what} {error.problem}", place=error.place) from error
    with suppress(ValueError):  # it has what is no plain value
        _last = (text, intrinsics, marshal.dumps(document))
    return document


def _loader(*, intrinsics: bool) -> "type[yaml.SafeLoader]":
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Safe, and no slower than the text is long."""

        # a date is whatever is written, also one that no calendar has
        yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's way
            first: [each for each in resolvers if each[0] != "tag:yaml.org,2002:timestamp"]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }
        merged = 0

        def construct_mapping(
            self, node: yaml.MappingNode, deep: bool = False
        ) -> dict[str, object]:
            mapping = super().construct_mapping(node, deep=deep)
            return {str(key): value for key, value in mapping.items()}

        def flatten_mapping(self, node: yaml.MappingNode) -> None:
            # `<<` copies the members, and copies of copies in PyYAML before 6.0.3
            super().flatten_mapping(node)
            self.merged += len(node.value)
            if self.merged > MAX_VALUES:
                raise yaml.constructor.ConstructorError(
                    None,
                    None,
                    f"`<<` stands for more than {MAX_VALUES:,} values",
                    node.start_mark,
                )

        def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
            if len(node.value) > MAX_DIGITS:
                raise yaml.constructor.ConstructorError(
                    None, None, f"a number of {len(node.value):,} digits", node.start_mark
                )
            return int(super().construct_yaml_int(node))

    Loader.add_constructor("tag:yaml.org,2002:int", Loader.construct_yaml_int)
    Loader.add_constructor("tag:yaml.org,2002:timestamp", Loader.construct_yaml_str)
    if intrinsics:
        Loader.add_multi_constructor("!", _intrinsic)
    return Loader


def _intrinsic(loader: "yaml.SafeLoader", name: str, node: "yaml.Node") -> dict[str, object]:
    """`!GetAtt A.Arn` as `{"Fn::GetAtt": "A.Arn"}`, and so on."""
    import yaml

    value: object
    if isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = node.value
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


def _refuse_depth(document: object, place: object) -> None:
    """Refuse a document without aliases that is nested too deeply; a level is looked at as a whole.

    Raises:
        InputError: it is.
    """
    level = [document] if isinstance(document, dict | list) else []
    for _ in range(MAX_DEPTH):
        inside = (each.values() if isinstance(each, dict) else each for each in level)
        level = [each for each in chain.from_iterable(inside) if isinstance(each, dict | list)]
        if not level:
            return
    raise InputError(f"is nested deeper than {MAX_DEPTH} levels", place=str(place))


def _refuse_unbounded(document: object, place: object) -> None:
    """Refuse a document that leads back to itself, or stands for too much.

    Raises:
        InputError: says which of these.
    """
    values = _Size(place).of(document)
    if values > MAX_VALUES:
        raise InputError(f"has aliases for more than {MAX_VALUES:,} values", place=str(place))


class _Size:
    """How many values a document stands for, each alias counted where it is used."""

    def __init__(self, place: object) -> None:
        self._place = str(place)
        self._sizes: dict[int, int] = {}
        self._heights: dict[int, int] = {}

    def of(self, document: object) -> int:
        """Count; each list or mapping is looked at once, however often it is named."""
        if not isinstance(document, dict | list):
            return 1
        open_: dict[int, Iterator[dict[str, Any] | list[Any]]] = {}  # those that the walk is in
        path: list[dict[str, Any] | list[Any]] = [document]
        while path:
            value = path[-1]
            members = open_.setdefault(id(value), _members(value))
            below = next((each for each in members if id(each) not in self._sizes), None)
            if below is None:
                del open_[id(path.pop())]
                self._close(value)
                continue
            if id(below) in open_:
                raise InputError("has an alias that leads back to itself", place=self._place)
            path.append(below)
            self._refuse_depth(len(path))
        return self._sizes[id(document)]

    def _close(self, value: "dict[str, Any] | list[Any]") -> None:
        inside = list(_members(value))
        # one that is not in the sums is empty or a plain value
        self._sizes[id(value)] = 1 + len(value) + sum(self._sizes[id(each)] for each in inside)
        self._heights[id(value)] = 1 + max((self._heights[id(each)] for each in inside), default=0)
        self._refuse_depth(self._heights[id(value)])

    def _refuse_depth(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise InputError(f"is nested deeper than {MAX_DEPTH} levels", place=self._place)


def _members(value: "dict[str, Any] | list[Any]") -> "Iterator[dict[str, Any] | list[Any]]":
    """The lists and mappings that are right in this one."""
    values = value.values() if isinstance(value, dict) else value
    return (each for each in values if isinstance(each, dict | list))
