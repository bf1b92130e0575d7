"""What a plan or a state of Terraform says of a resource: its values, and what it refers to.

A plan does not know what AWS will name; what refers to another resource is taken from the
configuration that the plan holds, and written as CloudFormation would.

Source: https://developer.hashicorp.com/terraform/internals/json-format
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kinesis_cli.project.template.values import Json

_INDEX = re.compile(r"\[[^\]]*\]")
_MAX_STEPS = 20  # from one module's variable or output to another's
_OF_ARNS = ("arn", "invoke_arn", "qualified_arn")


@dataclass(frozen=True)
class Plan:
    """A whole document.

    Args:
        document: what `terraform show -json` printed.
        path: the file, from whose folder paths count, as from the root module's.
        types: of resources that references may lead to.
    """

    document: Json
    path: Path
    types: Collection[str]

    @cached_property
    def configuration(self) -> Json:
        """The root module, as it is written."""
        return as_map(as_map(self.document.get("configuration")).get("root_module"))

    @cached_property
    def resources(self) -> list["PlannedResource"]:
        """The resources that Terraform manages, those of modules too."""
        values = as_map(self.document.get("planned_values") or self.document.get("values"))
        found = _resources(as_map(values.get("root_module")))
        return [
            PlannedResource(self, module, each)
            for module, each in found
            if each.get("mode") == "managed"
        ]

    @cached_property
    def unknown(self) -> Mapping[str, Json]:
        """Address -> the attributes that are known once it was applied only."""
        changes = self.document.get("resource_changes")
        return {
            str(as_map(each).get("address")): as_map(
                as_map(as_map(each).get("change")).get("after_unknown")
            )
            for each in (changes if isinstance(changes, list) else ())
        }

    @cached_property
    def instances(self) -> Mapping[str, list[str]]:
        """Address without indices -> the addresses of all that count or for_each made of it."""
        found: dict[str, list[str]] = {}
        for each in self.resources:
            found.setdefault(_INDEX.sub("", each.address), []).append(each.address)
        return found

    @cached_property
    def archives(self) -> list[Json]:
        """What `archive_file` packs."""
        state = as_map(as_map(self.document.get("prior_state")).get("values"))
        places = (state, self.document.get("planned_values"), self.document.get("values"))
        return [
            as_map(each.get("values"))
            for values in places
            for _, each in _resources(as_map(as_map(values).get("root_module")))
            if each.get("type") == "archive_file"
        ]

    def source_of(self, filename: str) -> str | None:
        """The folder that an archive is made of; None: it is made by nobody here."""
        for archive in self.archives:
            if _same(archive.get("output_path"), filename) and archive.get("source_dir"):
                return str(archive["source_dir"])
            if _same(archive.get("output_path"), filename) and archive.get("source_file"):
                return str(Path(str(archive["source_file"])).parent)
        return None

    def module(self, names: Sequence[str]) -> Json:
        """The configuration of a module, from the root's."""
        configuration = self.configuration
        for name in names:
            calls = as_map(configuration.get("module_calls"))
            configuration = as_map(as_map(calls.get(name)).get("module"))
        return configuration


@dataclass(frozen=True)
class Block:
    """A nested block of a resource: what is known of it, and how it is written.

    Args:
        resource: that it is of.
        values: its attributes.
        written: its expressions; {}: it is made dynamically.
    """

    resource: "PlannedResource"
    values: Json
    written: Json

    def value(self, name: str) -> object:
        """An attribute; None: it is not there, and may be known after Terraform has run only."""
        value = self.values.get(name)
        return self.resource.referred(self.written.get(name)) if value is None else value

    def blocks(self, name: str) -> list["Block"]:
        """The blocks in it of one name."""
        return _blocks(self.resource, self.values.get(name), self.written.get(name))


@dataclass(frozen=True)
class PlannedResource:
    """A resource that Terraform manages."""

    plan: Plan
    module: tuple[str, ...]  # names of the modules that it is in
    found: Json

    @property
    def address(self) -> str:
        """`module.orders.aws_sqs_queue.this[0]`."""
        return str(self.found.get("address"))

    @property
    def type(self) -> str:
        """`aws_sqs_queue`."""
        return str(self.found.get("type"))

    @property
    def values(self) -> Json:
        """Its attributes, as far as they are known."""
        return as_map(self.found.get("values"))

    def value(self, name: str) -> object:
        """An attribute, or what it refers to, as an intrinsic; None: it is not there."""
        value = self.values.get(name)
        if value is not None:
            return value
        found = self.referred(self.expressions.get(name))
        return self.unknown(name) if found is None and self.is_unknown(name) else found

    def unknown(self, name: str) -> Json:
        """An attribute that is known once Terraform has run only, as an intrinsic says it."""
        return {"Fn::GetAtt": [self.address, name]}

    def known(self, name: str) -> object:
        """An attribute that the plan has itself."""
        return self.values.get(name)

    def is_unknown(self, name: str) -> bool:
        """Whether an attribute, or a part of it, is known once Terraform has run only."""
        return bool(self.plan.unknown.get(self.address, {}).get(name))

    def blocks(self, name: str) -> list[Block]:
        """Its nested blocks of one name."""
        return _blocks(self, self.values.get(name), self.expressions.get(name))

    def block(self, name: str) -> Block:
        """The one nested block of this name; an empty one: there is none."""
        return next(iter(self.blocks(name)), Block(self, {}, {}))

    def referred(self, expression: object) -> object:
        """The first resource that an expression leads to, as an intrinsic; None: to none."""
        return next(self.all_referred(expression), None)

    def all_referred(self, expression: object) -> Iterator[object]:
        """All resources that an expression leads to, as intrinsics."""
        references = as_map(expression).get("references")
        for reference in references if isinstance(references, list) else ():
            if (found := self._resolved(self.module, str(reference))) is not None:
                yield found

    def of_each(self, name: str, types: Collection[str]) -> str | None:
        """The resource that an attribute is of which is taken from `each.value`.

        A plan says what `for_each` refers to, and not which of it is whose. So it is certain only
        where `for_each` makes one resource, and refers to one of these types.

        Args:
            name: of the attribute.
            types: of resources that it may be of.

        Returns:
            Its address; None: the attribute is known otherwise, or not certain.
        """
        taken = _references(self.expressions.get(name))
        is_of_each = any(each.partition("[")[0].startswith("each.value") for each in taken)
        alone = len(self.plan.instances[_INDEX.sub("", self.address)]) == 1
        if self.values.get(name) is not None or not (is_of_each and alone):
            return None
        given = as_map(self.written.get("for_each_expression"))
        found = set(self._leading_to(types, self.module, given))
        return found.pop() if len(found) == 1 else None

    @property
    def expressions(self) -> Json:
        """Its attributes as they are written."""
        return as_map(self.written.get("expressions"))

    @cached_property
    def written(self) -> Json:
        """How it is written."""
        written = self.plan.module(self.module).get("resources")
        wanted = (self.type, self.found.get("name"))
        for each in written if isinstance(written, list) else ():
            if (as_map(each).get("type"), as_map(each).get("name")) == wanted:
                return as_map(each)
        return {}

    def data(self, expression: object, type_: str) -> Json | None:
        """How the data source is written that an expression refers to; None: to none."""
        references = as_map(expression).get("references")
        for reference in references if isinstance(references, list) else ():
            match _INDEX.sub("", str(reference)).split("."):
                case ["data", kind, name, *_] if kind == type_:
                    written = self.plan.module(self.module).get("resources")
                    for each in written if isinstance(written, list) else ():
                        if (each.get("mode"), each.get("type"), each.get("name")) == (
                            "data",
                            type_,
                            name,
                        ):
                            return as_map(each.get("expressions"))
        return None

    def _resolved(self, module: tuple[str, ...], reference: str, steps: int = _MAX_STEPS) -> object:
        """The resource that a reference of a module leads to, as an intrinsic; None: to none."""
        if steps == 0:
            return None
        match _INDEX.sub("", reference).split("."):
            case ["var", name, *_] if module:
                calls = as_map(self.plan.module(module[:-1]).get("module_calls"))
                given = as_map(as_map(as_map(calls.get(module[-1])).get("expressions")).get(name))
                return self._first(module[:-1], given, steps)
            case ["var", name, *_]:
                return {"Ref": name}  # of the root module: whoever runs Terraform gives it
            case ["module", name, output, *_]:
                inner = (*module, name)
                outputs = as_map(self.plan.module(inner).get("outputs"))
                expression = as_map(as_map(outputs.get(output)).get("expression"))
                return self._first(inner, expression, steps)
            case ["data", *_]:
                return None
            case [type_, name, *rest] if type_ in self.plan.types:
                base = ".".join([*(f"module.{each}" for each in module), type_, name])
                address = self._instance(base, reference)
                attribute = rest[0] if rest else "id"
                if attribute in _OF_ARNS:
                    return {"Fn::GetAtt": [address, "Arn"]}
                if attribute == "stream_arn":
                    return {"Fn::GetAtt": [address, "StreamArn"]}
                return {"Ref": address}
        return None

    def _leading_to(
        self,
        types: Collection[str],
        module: tuple[str, ...],
        expression: Json,
        steps: int = _MAX_STEPS,
    ) -> Iterator[str]:
        """The addresses of all resources of these types that an expression refers to."""
        for reference in _references(expression) if steps else ():
            match _INDEX.sub("", reference).split("."):
                case ["var", name, *_] if module:
                    calls = as_map(self.plan.module(module[:-1]).get("module_calls"))
                    given = as_map(as_map(calls.get(module[-1])).get("expressions")).get(name)
                    yield from self._leading_to(types, module[:-1], as_map(given), steps - 1)
                case ["module", name, output, *_]:
                    inner = (*module, name)
                    outputs = as_map(self.plan.module(inner).get("outputs"))
                    given = as_map(outputs.get(output)).get("expression")
                    yield from self._leading_to(types, inner, as_map(given), steps - 1)
                case [type_, name, *_] if type_ in types:
                    base = ".".join([*(f"module.{each}" for each in module), type_, name])
                    yield self._instance(base, reference)

    def _instance(self, base: str, reference: str) -> str:
        """The address of the one that is meant, where count or for_each made several."""
        there = self.plan.instances.get(base, [])
        if len(there) <= 1:
            return there[0] if there else base
        index = _INDEX.search(reference) or _INDEX.search(self.address.rpartition(".")[2])
        wanted = [each for each in there if index and each.endswith(index[0])]
        own = self.address.rpartition(f"{self.type}.")[0]
        beside = [each for each in wanted or there if each.startswith(own)]
        return beside[0] if len(beside) == 1 else base

    def _first(self, module: tuple[str, ...], expression: Json, steps: int) -> object:
        constant = expression.get("constant_value")
        if constant is not None:
            return constant
        references = expression.get("references")
        for reference in references if isinstance(references, list) else ():
            if (found := self._resolved(module, str(reference), steps - 1)) is not None:
                return found
        return None


def _references(expression: object) -> list[str]:
    references = as_map(expression).get("references")
    return [str(each) for each in references] if isinstance(references, list) else []


def _blocks(resource: PlannedResource, values: object, written: object) -> list[Block]:
    known = values if isinstance(values, list) else []
    expressions = written if isinstance(written, list) else []
    # a dynamic block is not written out: there are more values than expressions
    is_literal = len(expressions) == len(known)
    return [
        Block(resource, as_map(each), as_map(expressions[place]) if is_literal else {})
        for place, each in enumerate(known)
    ]


def _resources(module: Json, names: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Json]]:
    """All resources of a module and its children, with the names of the modules they are in."""
    own = module.get("resources")
    for resource in own if isinstance(own, list) else ():
        yield names, as_map(resource)
    children = module.get("child_modules")
    for child in children if isinstance(children, list) else ():
        address = _INDEX.sub("", str(as_map(child).get("address", "")))
        yield from _resources(as_map(child), (*names, address.rpartition("module.")[2]))


def _same(one: object, other: str) -> bool:
    return isinstance(one, str) and Path(one) == Path(other)


def as_map(value: object) -> Json:
    """A value of JSON that should be an object; {}: it is none."""
    return value if isinstance(value, Mapping) else {}
