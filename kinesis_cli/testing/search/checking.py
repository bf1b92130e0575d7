"""One check, from the function to the report."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.project.function import Function
from kinesis_cli.project.mapping import MappingChoice
from kinesis_cli.recordings.form import Reading
from kinesis_cli.recordings.inputs import Input
from kinesis_cli.testing.checks.batches import batch_of
from kinesis_cli.testing.checks.made_records import Item
from kinesis_cli.testing.checks.observing import Subject
from kinesis_cli.testing.checks.source_text import words_of
from kinesis_cli.testing.checks.subjects import subject_of_project
from kinesis_cli.testing.checks.words import outcome
from kinesis_cli.testing.search.aftermath import aftermath
from kinesis_cli.testing.search.registry import PROPERTIES, Property
from kinesis_cli.testing.search.report import CheckReport, Failure, PropertyResult
from kinesis_cli.testing.search.run import Search
from kinesis_cli.testing.search.samples import (
    Samples,
    guessed,
    readings,
    samples_in,
    samples_of_file,
    samples_of_model,
    samples_of_project,
)
from kinesis_cli.testing.search.trials import COMPARING, Found, Wanted

_NEEDS_REPORTS, _NEEDS_SAMPLES = "one-bad-record", "samples-handled"
MAX_WHOLE = 3  # records of a batch that is shown as it is
NEEDS_GOOD = frozenset({"one-bad-record", "neighbours"})  # of whose samples one must be handled


@dataclass(frozen=True, slots=True)
class Plan:
    """What a check is asked to do."""

    names: Sequence[str]  # of properties
    samples: str | None = None  # a file, "-" for standard input
    opened: Input | None = None  # the same, where it was looked at already
    model: str | None = None  # "module:Model"
    reading: Reading = Reading()  # noqa: RUF009 - it is frozen
    seed: int = 0
    max_examples: int = 200
    secrets: Sequence[str] = ()
    isolated: bool = False
    answers_aws: bool = True
    command: str = "kcli check"  # that repeats it


def wanted_properties(
    only: Sequence[str], *, idempotent: bool, secrets: Sequence[str]
) -> tuple[str, ...]:
    """The properties that are looked for, in the order in which they are shown.

    Raises:
        InputError: there is no such property, or it needs something that was not said.
    """
    for name in only:
        if name not in PROPERTIES:
            raise InputError(
                f"there is no property {name!r}", place="--only", advice=_closest(name)
            )
    given = {"--idempotent": idempotent or "idempotent" in only, "--secret": bool(secrets)}
    if "no-secrets-in-log" in only and not secrets:
        raise InputError(
            "no-secrets-in-log needs to be told what is secret",
            place="--only",
            advice="Name the members: --secret card.number.",
        )
    return tuple(
        each.name
        for each in PROPERTIES.values()
        if (not only or each.name in only) and given.get(each.asked_by, True)
    )


def _closest(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, PROPERTIES, n=1)
    start = f"Did you mean {near[0]}? " if near else ""
    return f"{start}There are: {', '.join(PROPERTIES)}."


def check_function(
    function: Function,
    choice: MappingChoice,
    plan: Plan,
    *,
    is_ours: bool,
    tell: Callable[[int], None] = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
) -> CheckReport:
    """Look for batches that break properties of a function.

    Ctrl-C ends the search; the report has what was found so far.

    Args:
        function: what is checked.
        choice: the mapping that feeds it.
        plan: what to look for, and with what.
        is_ours: whether it is kcli's own sample function.
        tell: told how many batches were delivered.
        note: told a sentence for people.

    Raises:
        InputError: the function cannot be run, or the samples cannot be read.
    """
    read = _named_samples(function, plan, note, is_ours=is_ours)
    mapping = choice.mapping
    if read is not None and read.items:
        mapping = mapping.reading(read.items[0].kind)
    subject = subject_of_project(
        function, mapping, isolated=plan.isolated, answers_aws=plan.answers_aws
    )
    with closing(subject):
        for sentence in getattr(subject, "notes", ()):
            note(sentence)
        samples = read or guessed(function, lambda item: _is_good(subject, item))
        if not samples.items:
            raise InputError("there are no records in it", place=samples.origin)
        search = Search(subject, samples, _wanted(function, plan, samples), tell)
        is_interrupted = _run_until_interrupted(search)
        if samples.is_guessed and not (search.good or search.found or is_interrupted):
            raise _nothing_known(subject, samples)
        if search.hangs:
            subject.real_seconds = search.patience
        results = tuple(
            _result(each, search, subject, plan, samples, is_interrupted=is_interrupted)
            for each in PROPERTIES.values()
        )
    return CheckReport(
        handler=subject.name,
        runtime=subject.runtime,
        handler_origin=function.origin,
        mapping=mapping.to_aws(),
        mapping_origin=choice.origin,
        samples_origin=samples.origin,
        samples=len(samples.items),
        seed=plan.seed,
        batches=search.batches,
        results=results,
        command=plan.command,
        notes=tuple(_notes(search, samples)),
        is_interrupted=is_interrupted,
    )


def _wanted(function: Function, plan: Plan, samples: Samples) -> Wanted:
    """What is looked for: of samples that are a guess nobody can say that they must be handled."""
    names = plan.names
    if samples.is_guessed:
        names = [each for each in names if each != _NEEDS_SAMPLES]
    return Wanted(
        names=names,
        seed=plan.seed,
        max_examples=plan.max_examples,
        secrets=plan.secrets,
        words=words_of(function),
    )


def _run_until_interrupted(search: Search) -> bool:
    """Run the search; whether Ctrl-C ended it."""
    try:
        search.run()
    except KeyboardInterrupt:
        return True
    return False


def _named_samples(
    function: Function, plan: Plan, note: Callable[[str], None], *, is_ours: bool
) -> Samples | None:
    if plan.opened is not None:
        return samples_in(plan.opened, note, plan.samples or "-")
    if plan.samples is not None:
        return samples_of_file(plan.samples, plan.reading, note)
    if plan.model is not None:
        return samples_of_model(plan.model, plan.seed)
    if is_ours:
        return readings()
    return samples_of_project(function, Path())


def _nothing_known(subject: Subject, samples: Samples) -> InputError:
    """Why nothing can be said of a function that handles nothing which kcli thinks of."""
    (seen,) = subject.deliver(batch_of(samples.items[:1]))
    return InputError(
        f"nothing that kcli could think of is handled, so there is nothing to check with; it tried "
        f"{samples.origin}: {outcome(seen)}",
        place=subject.name,
        advice="Give what records usually carry: `kcli check SAMPLES`, or --model MODULE:MODEL.",
    )


def _is_good(subject: Subject, item: Item) -> bool:
    (seen,) = subject.deliver(batch_of([item]), fresh=False)
    return seen.first_failed is None and seen.result.error is None


def _result(
    each: Property,
    search: Search,
    subject: Subject,
    plan: Plan,
    samples: Samples,
    *,
    is_interrupted: bool,
) -> PropertyResult:
    found = search.found.get(each.name)
    if found is not None:
        failure = _failure(found, subject, plan.seed)
        return PropertyResult(each.name, each.meaning, "failed", failure=failure)
    why = _left_out(each, search, subject, plan, samples, is_interrupted=is_interrupted)
    return PropertyResult(each.name, each.meaning, "left out" if why else "held", why)


def _left_out(
    each: Property,
    search: Search,
    subject: Subject,
    plan: Plan,
    samples: Samples,
    *,
    is_interrupted: bool,
) -> str:
    """Why a property was not looked for; "": it was."""
    if each.name not in plan.names:
        return f"{each.asked_by} asks for it" if each.asked_by else "--only names others"
    if is_interrupted:
        return "interrupted"
    if each.name == _NEEDS_SAMPLES and samples.is_guessed:
        return "no samples were given"
    if each.sees_inside and not subject.sees_inside:
        return f"nobody can look into the process of a function that runs {subject.runtime}"
    if each.name == _NEEDS_REPORTS and not subject.mapping.report_batch_item_failures:
        return "without ReportBatchItemFailures a bad record always fails its batch"
    if search.is_by_chance and each.name in COMPARING:
        return "chance decides what becomes of a batch; mend that first"
    if each.name in NEEDS_GOOD and not search.good:
        return "no sample is handled by itself; mend that first"
    if search.gives_up or (search.hangs and each.effort != "every"):
        return "calls never ended; mend that first"
    return ""


def _failure(found: Found, subject: Subject, seed: int) -> Failure:
    batch = found.error.batch
    first = _first_of_each_run(found.items) if len(batch) > MAX_WHOLE else range(len(batch))
    ends = [*first[1:], len(batch)]
    return Failure(
        sentence=found.error.sentence,
        batch=tuple(batch),
        records=tuple(batch[place] for place in first),
        repeats=tuple(end - place for place, end in zip(first, ends, strict=True)),
        made_of=tuple(found.made_of.get(found.items[place].data, "") for place in first),
        did=found.error.did,
        aftermath=aftermath(subject, batch, seed, found.error.before),
        before=tuple(tuple(batch) for batch in found.before),
    )


def _first_of_each_run(items: Sequence[Item]) -> list[int]:
    """The places where another item begins: a full batch is made of few."""
    return [place for place, item in enumerate(items) if not place or items[place - 1] != item]


def _notes(search: Search, samples: Samples) -> list[str]:
    notes = []
    if samples.is_guessed:
        notes.append("no samples were given: SAMPLES or --model say what records really carry")
    if not search.good:
        notes.append(
            "no sample is handled by itself, so less can be said of good records beside bad ones"
        )
    return notes
