"""The functions of an account in a region: the template's and those that arrived by API.

A function goes by its name, or by its name with a qualifier: a version, or an alias, which leads
to one or two versions.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html and
https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from kinesis_cli.event_source_mapping.invocation import InvocationRequest, InvocationResult
from kinesis_cli.local.function.hosted import (
    LATEST,
    Configuration,
    hosted_calling,
    hosted_function,
    overlaid,
)
from kinesis_cli.local.function.packages import Packages
from kinesis_cli.local.function.project import ProjectFunction
from kinesis_cli.local.function.runtime import Gate, LocalFunction
from kinesis_cli.local.function.store import FunctionStore
from kinesis_cli.local.place import Place
from kinesis_cli.project.function import Function
from kinesis_cli.project.functions.invoke_config import Calling

# Takes a function, its ARN, its gate, and whether its code never changes.
Make = Callable[[Function, str, Gate, bool], LocalFunction]


@dataclass(frozen=True, slots=True)
class Target:
    """What a name with a qualifier means for one call."""

    function: LocalFunction
    arn: str  # as it was called, with the qualifier
    calling: Calling

    @property
    def qualified_arn(self) -> str:
        """The ARN, `$LATEST` where no other qualifier was named."""
        return f"{self.arn}:{LATEST}" if self.arn == self.function.arn else self.arn

    async def call(self, request: InvocationRequest) -> InvocationResult:
        """Call it once, see `LocalFunction.call`."""
        return await self.function.call(replace(request, function_arn=self.arn))


class Registry:
    """The functions.

    Args:
        place: the account and region.
        store: what the API was told of them.
        packages: the code that arrived by API.
        make: makes what can be called.
        random: draws an alias's version.
    """

    def __init__(
        self,
        place: Place,
        store: FunctionStore,
        packages: Packages,
        make: Make,
        random: Random,
    ) -> None:
        self.place, self.store, self.packages = place, store, packages
        self._make, self._random = make, random
        self._project: dict[str, ProjectFunction] = {}  # of the template, by name
        self._made: dict[tuple[str, str], LocalFunction] = {}  # by name and version
        self._gates: dict[str, Gate] = {}

    # Which there are

    @property
    def names(self) -> list[str]:
        """All functions: the template's, then those that arrived by API, oldest first."""
        prefix = self.place.function_arn("")
        stored = [each.function for each in self.store.all("configuration")]
        hosted = [each.removeprefix(prefix) for each in stored if each.startswith(prefix)]
        return [*self._project, *(each for each in hosted if each not in self._project)]

    def arn(self, name: str) -> str:
        """The ARN of a function without a qualifier."""
        return self.place.function_arn(name)

    def has(self, name: str) -> bool:
        """Whether there is a function of this name."""
        return name in self._project or self.configuration(name) is not None

    def is_of_template(self, name: str) -> bool:
        """Whether the template names it."""
        return name in self._project

    def project_function(self, name: str) -> ProjectFunction | None:
        """What the template says of it."""
        return self._project.get(name)

    def configuration(self, name: str, version: str = LATEST) -> Configuration | None:
        """The stored configuration; None: there is none of this name or version."""
        if version == LATEST:
            return self.store.get(self.arn(name), "configuration")
        return self.store.get(self.arn(name), "version", version)

    def alias(self, name: str, alias: str) -> Configuration | None:
        """An alias as GetAlias shows it; None: there is none."""
        stored = self.store.get(self.arn(name), "alias", alias)
        project = self._project.get(name)
        if stored or project is None or alias.isdecimal() or alias not in project.versions:
            return stored
        arn = f"{self.arn(name)}:{alias}"
        return {
            "AliasArn": arn,
            "Name": alias,
            "FunctionVersion": project.versions[alias],
            "Description": "",
            "RevisionId": str(uuid.uuid5(uuid.NAMESPACE_URL, arn)),
        }

    def has_version(self, name: str, version: str) -> bool:
        """Whether there is such a version, published here or named by the template."""
        project = self._project.get(name)
        of_template = project.versions.values() if project else ()
        return self.configuration(name, version) is not None or version in of_template

    def last_of_template(self, name: str) -> int:
        """The highest version that the template names; 0: none."""
        project = self._project.get(name)
        numbers = [int(each) for each in project.versions.values()] if project else []
        return max(numbers, default=0)

    # What can be called

    def find(self, reference: str) -> Target | None:
        """What is called by "name" or "name:qualifier"; None: there is no such."""
        name, _, qualifier = reference.partition(":")
        version = self.version_of(name, qualifier)
        function = self.function(name, version) if version else None
        if function is None:
            return None
        arn = self.arn(name) + (f":{qualifier}" if qualifier else "")
        return Target(function, arn, self.calling(name, qualifier))

    def version_of(self, name: str, qualifier: str) -> str | None:
        """The version that a qualifier leads to, this time; None: there is no such qualifier."""
        if qualifier in ("", LATEST):
            return LATEST
        if qualifier.isdecimal():
            return qualifier
        alias = self.alias(name, qualifier)
        return _routed(alias, self._random) if alias else None

    def function(self, name: str, version: str = LATEST) -> LocalFunction | None:
        """A function, or a version of it, that can be called; None: there is no such."""
        key = (name, version)
        if key not in self._made:
            found = self._built(name, version)
            if found is None:
                return None
            self._made[key] = found
        return self._made[key]

    def _built(self, name: str, version: str) -> LocalFunction | None:
        configuration = self.configuration(name, version)
        project = self._project.get(name)
        if project and (version == LATEST or configuration is None):
            function = self._of_template(project, version)
            is_fixed = False
        elif configuration:
            function = hosted_function(configuration, self._code(configuration))
            is_fixed = True
        else:
            return None
        return self._make(function, self.arn(name), self.gate(name), is_fixed) if function else None

    def _of_template(self, project: ProjectFunction, version: str) -> Function | None:
        """A function of the template; what an alias there leads to is its code as it is now."""
        known = version in (LATEST, *project.versions.values())
        return replace(project.function, version=version) if project.function and known else None

    def _code(self, configuration: Configuration) -> Path:
        return self.packages.folder(configuration["CodeKey"])

    def problem(self, name: str) -> str:
        """Why a function cannot be called; empty: it can."""
        project = self._project.get(name)
        if project and project.problem:
            return project.problem
        function = self.function(name)
        return function.problem if function else "there is no such function"

    def notes(self, name: str) -> tuple[str, ...]:
        """What is not as on Lambda where a function runs."""
        function = self.function(name)
        return function.notes if function else ()

    def calling(self, name: str, qualifier: str) -> Calling:
        """How a function may be called under a qualifier."""
        project = self._project.get(name)
        configuration = self.configuration(name) or {}
        calling = project.calling if project else hosted_calling(configuration)
        config = self.store.get(self.arn(name), "event-invoke", qualifier or LATEST)
        return replace(overlaid(calling, config), reserved_concurrency=self.gate(name).reserved)

    def gate(self, name: str) -> Gate:
        """The calls of a function at the same time."""
        if name not in self._gates:
            self._gates[name] = Gate()
            self.limit_changed(name)
        return self._gates[name]

    def reserved(self, name: str) -> int | None:
        """The calls at the same time that a function has reserved; None: it has not."""
        stored = self.store.get(self.arn(name), "concurrency")
        if stored is not None:
            reserved: int | None = stored["ReservedConcurrentExecutions"]
            return reserved
        project = self._project.get(name)
        return project.calling.reserved_concurrency if project else None

    def limit_changed(self, name: str) -> None:
        """What a function has reserved is another number now."""
        self.gate(name).reserved = self.reserved(name)

    # Changes

    def adopt(self, project: list[ProjectFunction]) -> None:
        """Have the template's functions, as it has them now."""
        before, self._project = self._project, {each.name: each for each in project}
        for name in before.keys() | self._project.keys():
            known, now = before.get(name), self._project.get(name)
            if known is None or now is None or now.runs_otherwise(known):
                self.changed(name)

    def changed(self, name: str) -> None:
        """What is called by this name has changed, or is gone: running calls end, and count."""
        for key in [each for each in self._made if each[0] == name]:
            if key[1] == LATEST or self.configuration(*key) is None:
                self._made.pop(key).retire()
        self.limit_changed(name)

    def forget(self, name: str, version: str) -> None:
        """A version is gone."""
        if function := self._made.pop((name, version), None):
            function.retire()

    def delete(self, name: str) -> None:
        """A function is gone, with all its versions and aliases."""
        self.store.delete(self.arn(name))
        for _, version in [key for key in self._made if key[0] == name]:
            self.forget(name, version)
        self._gates.pop(name, None)

    def close(self) -> None:
        """End all processes."""
        for function in self._made.values():
            function.close()


def used_packages(store: FunctionStore) -> Iterator[str]:
    """The keys of all packages that a function or a version has."""
    for kind in ("configuration", "version"):
        for item in store.all(kind):
            yield item.document["CodeKey"]


def _routed(alias: Configuration, random: Random) -> str:
    """The version of one call: as the weights say, else the alias's own."""
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    drawn = random.random()
    for version, weight in weights.items():
        if drawn < weight:
            return str(version)
        drawn -= weight
    return str(alias["FunctionVersion"])
