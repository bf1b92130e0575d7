"""What `kcli invoke` calls the function with: a file, payloads that are made, or a sample."""

import os
from pathlib import Path

import msgspec
from msgspec.structs import replace

from kinesis_cli.cli.options.changes import Changes, asked_for, change_settings
from kinesis_cli.cli.options.payloads import (
    FORM,
    Payloads,
    nothing_to_send,
    payload_settings,
    says_payloads,
)
from kinesis_cli.cli.options.shared import Code
from kinesis_cli.cli.options.takes import flag, given
from kinesis_cli.errors import InputError
from kinesis_cli.handlers.invoke_once import Event, read_event, reading_event
from kinesis_cli.project.own import foreign_project
from kinesis_cli.recordings.form import Reading
from kinesis_cli.show.console import note

_READING = ("temperature", "timestamp")
_JINJA = (".j2", ".jinja", ".jinja2")


class Made(msgspec.Struct, frozen=True):
    """What was said of payloads."""

    payload: Payloads
    change: Changes
    count: int | None
    seed: int | None
    template: Path | None  # the project's, where it was named
    handler: str | None  # the user's, where it was named

    def named(self) -> list[str]:
        """The options that were given."""
        names = [*given(self.change)]
        names += [name for name in given(self.payload) if name not in FORM]
        names += [name for name in ("count", "seed") if getattr(self, name) is not None]
        return list(map(flag, names))


def made_of(
    payload: Payloads, change: Changes, count: int | None, seed: int | None, code: Code
) -> tuple[Made, Code]:
    """Return what the options say of payloads, and of code.

    `--template` is the project's; a Jinja2 one, by its name, is of payloads.

    Raises:
        InputError: two templates of payloads.
    """
    template = code.template
    if template is not None and template.suffix.lower() in _JINJA:
        if payload.payload_template is not None:
            raise InputError("--template and --payload-template both name a template of payloads")
        payload = replace(payload, payload_template=template)
        code = replace(code, template=None)
    return Made(payload, change, count, seed, code.template, code.handler), code


def refuse_two_events(path: str | None, made: Made) -> None:
    """Refuse EVENT beside what makes another one."""
    named = made.named()
    if path is not None and named:
        raise InputError(
            f"{named[0]} is about an event that is made, and EVENT names one",
            advice="Leave one of the two out.",
        )


def event_of(made: Made, how: Reading, *, may_take_sample: bool) -> Event:
    """The event where no file is named.

    Args:
        made: what was said of payloads.
        how: what the options say of reading a file.
        may_take_sample: whether the call is harmless, so that the project's sample may be taken.

    Raises:
        InputError: contradictions; a file that is not usable; nothing is said where kcli's
            readings would mean nothing.
    """
    if (how.form or how.shard) and made.payload.from_ is None:
        raise InputError(
            "--raw, --format and --shard say how to read a file, and none is named",
            advice="Name it: EVENT, or --from FILE.",
        )
    if asked_for(made.change):
        from kinesis_cli.handlers.made_event import event_of_changes

        return event_of_changes(change_settings(made.change, made.payload), made.count, made.seed)
    options = made.payload
    if not says_payloads(options) and (project := foreign_project(made.template)):
        return _sample(project, may_take=may_take_sample and not made.named())
    if made.handler is not None and not says_payloads(options):
        note("called with a made-up sensor reading; --data, or EVENT, gives your own")
    if given(options).keys() <= {*_READING} and made.count in (None, 1) and made.seed is None:
        return reading_event(options.temperature, options.timestamp)
    from kinesis_cli.handlers.made_event import made_event  # start-up counts

    settings = payload_settings(options, made.template)
    count = made.count if made.count is not None or settings.from_file is not None else 1
    return made_event(settings, count, made.seed)


def _sample(project: Path, *, may_take: bool) -> Event:
    """The project's own sample, where it has exactly one."""
    from kinesis_cli.project.samples import sample_events

    samples = sample_events(project.parent, Path.cwd())
    if len(samples) != 1 or not may_take:
        raise nothing_to_send(project, "name it as EVENT, {}")
    path = os.path.relpath(samples[0].path)
    note(f"called with {path}, the one sample event of this project")
    return read_event(path)
