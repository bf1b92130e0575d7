"""`kcli check`."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from kinesis_cli.cli.exit_code import ExitCode
from kinesis_cli.cli.options.aws_access import AwsAccess, AwsOption, in_a_simulation
from kinesis_cli.cli.options.inputs import HowToRead, reading
from kinesis_cli.cli.options.mapping import MappingFileOption, MappingSettings, named_as_aws
from kinesis_cli.cli.options.report_file import ReportFile, report_path
from kinesis_cli.cli.options.shared import (
    Code,
    IsolatedOption,
    Output,
    OutputOption,
    SeedOption,
)
from kinesis_cli.cli.options.takes import given, takes
from kinesis_cli.cli.options.takes import only as part
from kinesis_cli.cli.running.places import reach_files
from kinesis_cli.errors import InputError
from kinesis_cli.places.expanding import one_file
from kinesis_cli.project.find import find_fed_function, find_function
from kinesis_cli.project.function import Function
from kinesis_cli.project.mapping import MappingChoice, choose_mapping
from kinesis_cli.project.own import foreign_project
from kinesis_cli.recordings.inputs import Input
from kinesis_cli.show.console import note, warn
from kinesis_cli.show.progress import progress
from kinesis_cli.stream.kinds.kinesis import KINESIS

TESTS = Path("tests")


@takes(
    how=part(HowToRead, "raw", "format_", "s3"),
    code=Code,
    settings=MappingSettings,
    page=ReportFile,
)
def check(
    samples: Annotated[
        str | None,
        typer.Argument(
            metavar="SAMPLES",
            help="What records usually carry: an event, a recording, payloads; - reads standard "
            "input. Default: the project's own samples in events/ or fixtures/, else objects with "
            "the members that the code looks up.",
        ),
    ] = None,
    *,
    how: HowToRead,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:MODEL",
            help="Random instances of a pydantic model or a dataclass as samples.",
        ),
    ] = None,
    code: Code,
    mapping: MappingFileOption = None,
    settings: MappingSettings,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="PROPERTY", help="Look at this property only; repeatable."),
    ] = None,
    idempotent: Annotated[
        bool,
        typer.Option(
            "--idempotent", help="Compare what two deliveries of the same batch write to AWS, too."
        ),
    ] = False,
    secret: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="A member of payloads that must never reach the log, card.number; repeatable.",
        ),
    ] = None,
    max_examples: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="Batches that hypothesis makes, besides each variant of the samples.",
        ),
    ] = 200,
    seed: SeedOption = 0,
    isolated: IsolatedOption = False,
    aws: AwsOption = None,
    tests: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Where a test is written for each counterexample."),
    ] = TESTS,
    no_tests: Annotated[bool, typer.Option("--no-tests", help="Write no tests.")] = False,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the result in JUnit's XML, too.")
    ] = None,
    page: ReportFile,
    output: OutputOption = Output.TABLE,
) -> None:
    """Try to break a handler, with broken records and in every order.

    Each property is tried with batches of the samples: as they are, broken in every way that is
    known, and in ways that hypothesis thinks of. A batch that breaks one is made as small as can
    be, and shown with what Lambda would then do. AWS calls of the handler are answered here, and
    nothing is sent. The exit code is 1 if a property does not hold.

    \b
    Examples:
      kcli check
      kcli check fixtures/batch.json --only one-bad-record --only neighbours
      kcli check fixtures/poison.ndjson --seed 7 --output json
      kcli check --junit check.xml --no-tests
    """
    _require_hypothesis()
    from kinesis_cli.show.check import junit as as_junit
    from kinesis_cli.show.check import show_check
    from kinesis_cli.testing.search.checking import Plan, check_function, wanted_properties
    from kinesis_cli.testing.search.counterexamples import Target, arguments_of, write_tests

    _refuse_contradictions(samples, model, aws)
    reach_files([samples, page.report], how.s3)
    page_file = report_path(page)
    secrets = secret or []
    names = wanted_properties(only or (), idempotent=idempotent, secrets=secrets)
    read_as = reading(how.raw, how.format_)
    opened = None if samples is None else Input.open(one_file(samples), read_as)
    named = given(code)
    kind = None if opened is None else opened.kind or KINESIS
    function = find_fed_function(**named) if kind is None else find_function(**named, kind=kind)
    if aws is not None:
        function = in_a_simulation(function, aws)
    overrides = named_as_aws(settings)
    choice = choose_mapping(function, mapping, overrides)
    if opened is not None:
        opened.name_streams([choice.mapping.event_source_arn])
    _tell(function, choice)
    plan = Plan(
        names=names,
        samples=samples,
        opened=opened,
        model=model,
        reading=read_as,
        seed=seed,
        max_examples=max_examples,
        secrets=secrets,
        isolated=isolated,
        answers_aws=aws is None,
        command=_command(),
    )
    is_ours = code.handler is None and foreign_project(code.template) is None
    with progress("batches") as bar:
        report = check_function(function, choice, plan, is_ours=is_ours, tell=bar.update, note=note)
    if not (no_tests or report.is_interrupted):
        arguments = arguments_of(
            code.handler,
            code.template,
            code.function,
            mapping_file=mapping,
            settings=overrides,
            isolated=isolated,
        )
        report = write_tests(report, Target(tests, Path(), arguments, secrets))
    if junit is not None:
        junit.write_text(as_junit(report), "utf-8")
    show_check(report, function.interpreter, output)
    if page_file is not None:
        from kinesis_cli.show.pictures.check_report import write_check_report

        write_check_report(page_file, report, function.interpreter)
    if report.is_interrupted:
        raise KeyboardInterrupt
    if report.failures:
        raise typer.Exit(ExitCode.FAILED)


def _require_hypothesis() -> None:
    """Refuse to go on without the extra.

    Raises:
        InputError: hypothesis is not installed; says how it is.
    """
    from importlib.util import find_spec

    if find_spec("hypothesis") is None:
        from kinesis_cli.installation import missing_extra

        raise missing_extra("check", "a check", "hypothesis")


def _refuse_contradictions(samples: str | None, model: str | None, aws: AwsAccess | None) -> None:
    """Each option must mean something beside the others."""
    if samples is not None and model is not None:
        raise InputError(
            "SAMPLES and --model both say what records carry", advice="Leave one of the two out."
        )
    if aws is AwsAccess.SHELL:
        raise InputError(
            "a check calls the function thousands of times, with broken records",
            place="--aws shell",
            advice="Leave it out, and the calls are answered here; --aws local has services.",
        )


def _tell(function: Function, choice: MappingChoice) -> None:
    """Say, once each, what is ignored in the template and the mapping."""
    if function.is_sample:
        note("There is no template here or above: kcli's own sample function is checked.")
    for sentence in dict.fromkeys([*function.notes, *choice.notes]):
        note(sentence)
    if choice.mapping.tumbling_window_in_seconds:
        warn("tumbling windows are not checked: each batch is delivered as one call of a window")


def _command() -> str:
    """The command as it was given, without what says how its result is shown."""
    words = ["kcli", *sys.argv[1:]]
    kept: list[str] = []
    is_value = False
    for word in words:
        name, equals, _ = word.partition("=")
        if is_value or name in _OF_THE_RESULT:
            is_value = not is_value and not equals and word not in _FLAGS
        else:
            kept.append(word)
    return shlex.join(kept)


_FLAGS = frozenset({"--no-tests", "--overwrite"})
_OF_THE_RESULT = _FLAGS | {"--output", "--junit", "--tests", "--only", "--report"}
