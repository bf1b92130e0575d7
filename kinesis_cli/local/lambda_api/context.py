"""What every call needs: the functions of whoever asks, and what is kept of them."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kinesis_cli.local.function.hosted import LATEST, Configuration
from kinesis_cli.local.function.registry import Registry
from kinesis_cli.local.function.store import Item
from kinesis_cli.local.http.messages import Request
from kinesis_cli.local.lambda_api.errors import (
    alias_not_found,
    function_not_found,
    wrong_revision,
)
from kinesis_cli.local.lambda_api.names import Name, parsed
from kinesis_cli.local.service.function_service import FunctionService

Parameters = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """One request.

    Args:
        service: all functions.
        registry: those of the account and region that the request is signed for.
        request: as it came.
    """

    service: FunctionService
    registry: Registry
    request: Request

    def name(self, parameters: Parameters) -> Name:
        """The function that a request names.

        Raises:
            LambdaError: it is elsewhere, or the qualifiers contradict each other.
        """
        qualifier = parameters.get("Qualifier")
        return parsed(parameters["FunctionName"], qualifier, self.registry.place)

    def function(self, parameters: Parameters, *, shown: str = "") -> Name:
        """The function that a request names; there is one.

        Args:
            parameters: of the request.
            shown: what AWS says after the ARN of one that is not there.

        Raises:
            LambdaError: there is none of this name.
        """
        name = self.name(parameters)
        if not self.registry.has(name.name):
            raise function_not_found(self.registry.arn(name.name), name.qualifier or shown)
        return name

    def version(self, name: Name) -> str:
        """The version that a name with its qualifier means: "$LATEST" or a number.

        Raises:
            LambdaError: there is no such version or alias.
        """
        registry, qualifier = self.registry, name.qualifier
        if qualifier in ("", LATEST):
            return LATEST
        if alias := registry.alias(name.name, qualifier):
            return str(alias["FunctionVersion"])
        if not registry.has_version(name.name, qualifier):
            raise function_not_found(registry.arn(name.name), qualifier)
        return qualifier

    def published(self, name: Name) -> None:
        """That a version or an alias is there, in the words for what needs one of these.

        Raises:
            LambdaError: there is not.
        """
        registry, qualifier = self.registry, name.qualifier
        if qualifier.isdecimal():
            if not registry.has_version(name.name, qualifier):
                raise function_not_found(registry.arn(name.name), qualifier)
        elif registry.alias(name.name, qualifier) is None:
            raise alias_not_found(registry.arn(name.reference))

    # Revisions: each change of a function, a version or an alias gives it another one

    def revision(self, name: str, qualifier: str) -> str:
        """The present one."""
        arn = self.registry.arn(name)
        found = self.service.function_store.get(arn, "revision", qualifier or LATEST)
        return str(found["RevisionId"]) if found else self.change_revision(name, qualifier)

    def change_revision(self, name: str, qualifier: str) -> str:
        """A new one."""
        document = {"RevisionId": str(uuid.uuid4())}
        item = Item(self.registry.arn(name), "revision", qualifier or LATEST, document)
        self.service.function_store.put(item)
        return document["RevisionId"]

    def check_revision(self, parameters: Parameters, name: str, qualifier: str) -> None:
        """Raises: LambdaError: the request is about another state."""
        wanted = parameters.get("RevisionId")
        if wanted and wanted != self.revision(name, qualifier):
            raise wrong_revision()

    # Documents

    def get(self, name: str, kind: str, key: str = "") -> Configuration | None:
        """What is kept of a function."""
        return self.service.function_store.get(self.registry.arn(name), kind, key)

    def put(self, name: str, kind: str, key: str, document: Configuration) -> None:
        """Keep something of a function."""
        self.service.function_store.put(Item(self.registry.arn(name), kind, key, document))

    def delete(self, name: str, kind: str, key: str = "") -> bool:
        """Forget it. Whether there was anything."""
        return self.service.function_store.delete(self.registry.arn(name), kind, key)


def shown_time() -> str:
    """Now, as Lambda shows it."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000+0000"
