"""A template being read for one function, and what was noticed on the way."""

import msgspec

from kinesis_cli.project.template.template import Template
from kinesis_cli.project.template.values import NO_VALUE, first_unresolved


class Reading(msgspec.Struct):
    """One function of a template, and what was noticed on the way."""

    template: Template
    logical_id: str
    properties: dict[str, object] = msgspec.field(default_factory=dict)  # Globals merged in
    notes: dict[str, None] = msgspec.field(default_factory=dict)  # ordered, each once

    @property
    def place(self) -> str:
        """Where this is written, for messages."""
        return f"{self.template.path}, {self.logical_id}"

    def note(self, sentence: str) -> None:
        """Keep a sentence for the user, once."""
        self.notes[f"{self.template.path.name}, {self.logical_id}: {sentence}"] = None

    def value(self, name: str, default: object = None) -> object:
        """A property's value; `default` where it is absent or known only to AWS, which is noted."""
        return self.resolved(self.properties.get(name), name, default)

    def resolved(self, raw: object, name: str, default: object = None) -> object:
        """What `raw` stands for; `default` where that is nothing or known only to AWS."""
        resolved = self.template.resolve(raw)
        if unresolved := first_unresolved(resolved):
            instead = "empty" if default == "" else "left out" if default is None else default
            self.note(f"{name} is {instead} here: {unresolved.reason}.")
            return default
        return default if resolved is None or resolved is NO_VALUE else resolved
