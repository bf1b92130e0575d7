"""`kcli invoke`."""

from contextlib import closing
from dataclasses import replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from kinesis_cli.cli.exit_code import ExitCode
from kinesis_cli.cli.options.aws_access import explaining, in_one_call
from kinesis_cli.cli.options.called_with import event_of, made_of, refuse_two_events
from kinesis_cli.cli.options.changes import Changes
from kinesis_cli.cli.options.function import FunctionNameOption
from kinesis_cli.cli.options.handler import HandlerRun, handler_options
from kinesis_cli.cli.options.inputs import SHARD, HowToRead, reading
from kinesis_cli.cli.options.payloads import CountOption, Payloads, named_files
from kinesis_cli.cli.options.report_file import ReportFile, report_path, typed
from kinesis_cli.cli.options.shared import (
    CODE,
    Code,
    Output,
    OutputOption,
)
from kinesis_cli.cli.options.takes import flag, given, only, takes
from kinesis_cli.cli.options.target import TARGET, Target, reached
from kinesis_cli.cli.running.places import reach_files
from kinesis_cli.errors import InputError
from kinesis_cli.handlers import handler_of
from kinesis_cli.handlers.comparison import differences
from kinesis_cli.handlers.invocation_type import InvocationType, LogType
from kinesis_cli.handlers.invoke_once import (
    Event,
    SingleInvocation,
    event_in,
    invoke_once,
    opened_event,
)
from kinesis_cli.places.url import Place
from kinesis_cli.project.find import find_function
from kinesis_cli.project.function import Function
from kinesis_cli.show.console import note
from kinesis_cli.show.invocation import show_comparison, show_invocation, summary_of
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.kinds.known import kind_of_records

if TYPE_CHECKING:
    from kinesis_cli.aws.session import Connection


class FailOn(StrEnum):
    """What makes `kcli invoke` end with exit code 1."""

    FAILURES = "failures"  # a record was reported as failed, or the call failed
    ERROR = "error"  # the call ended with an error
    DIFFERENCE = "difference"  # the two answers of --compare are not the same


@takes(
    change=Changes,
    payload=Payloads,
    how=SHARD,
    code=CODE,
    handler_run=only(HandlerRun, "isolated", "keep_failing_init", "aws", "debug"),
    target=TARGET,
    page=ReportFile,
)
def invoke(
    event: Annotated[
        str | None,
        typer.Argument(
            metavar="EVENT",
            help="All of it in one call: an event as it is, or a recording, get-records or "
            "EventBridge Pipes output, payloads; - reads standard input. "
            "Default: what --data, --from, --payload-template or --model give; of kcli's own "
            "sample function a reading; of another project its one sample in events/ or fixtures/.",
        ),
    ] = None,
    count: CountOption = None,
    *,
    change: Changes,
    payload: Payloads,
    how: HowToRead,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", help="Make up the same payloads each time."),
    ] = None,
    code: Code,
    handler_run: HandlerRun,
    remote: Annotated[
        bool,
        typer.Option("--remote", help="Call the deployed function, or that of `kcli local`."),
    ] = False,
    compare: Annotated[
        bool,
        typer.Option("--compare", help="Call both, here and remotely, and show what differs."),
    ] = False,
    function_name: FunctionNameOption = None,
    qualifier: Annotated[
        str | None, typer.Option(metavar="NAME", help="Version or alias of the remote function.")
    ] = None,
    invocation_type: Annotated[
        InvocationType,
        typer.Option(
            help="How to call the remote function: wait, queue the event, or only check the call."
        ),
    ] = InvocationType.REQUEST_RESPONSE,
    log_type: Annotated[
        LogType, typer.Option(help="Whether a remote call returns the last 4 KB of its log.")
    ] = LogType.TAIL,
    env_from_stack: Annotated[
        bool,
        typer.Option(
            "--env-from-stack", help="Give the local handler the deployed function's environment."
        ),
    ] = False,
    target: Target,
    fail_on: Annotated[
        list[FailOn] | None,
        typer.Option(help="End with exit code 1 when this happened; repeatable."),
    ] = None,
    page: ReportFile,
    output: OutputOption = Output.TABLE,
) -> None:
    """Call a handler once with one event.

    The handler runs in this process, or isolated in one of its own, with the settings of its
    template, and sees the real clock. With --remote it is the deployed function, or that of the
    local endpoint.

    \b
    Examples:
      kcli invoke
      kcli invoke --temperature 120
      kcli invoke --data '{"temperature": 99.9, "readingTimestamp": 1}'
      kcli invoke --isolated
      kcli invoke --remote
      kcli invoke --compare
      kcli invoke fixtures/batch.json --fail-on failures
      kcli event | kcli invoke -
      kcli invoke --dynamodb --changes put,update --handler app.py:handler
    """
    made, code = made_of(payload, change, count, seed, code)
    remote_function = _RemoteFunction(target, function_name, qualifier, invocation_type, log_type)
    here = {**given(handler_run), "env_from_stack": env_from_stack, **given(code)}
    here = {flag(name): bool(value) for name, value in here.items()}
    _refuse_contradictions(remote_function, here, remote=remote, compare=compare)
    reach_files([event, *named_files(payload), page.report], how.s3, given(target))
    report = report_path(page)
    if report is not None and compare:
        raise InputError("--report and --compare cannot be used together")
    refuse_two_events(event, made)
    read_as = reading(payload.raw, payload.format_, how.shard)
    find = partial(find_function, **given(code), config_env=target.config_env)
    if event is None:
        called_with = event_of(made, read_as, may_take_sample=not (remote or compare))
        found = None if remote else find(kind=kind_of_records(called_with.records))
    else:
        with opened_event(event, read_as) as opened:
            found = None if remote else find(kind=opened.kind or KINESIS)
            opened.name_streams([_stream_of(found)])
            called_with = event_in(opened)
    for sentence in called_with.notes:
        note(sentence)
    invocation: SingleInvocation
    is_different = False
    if found is None:
        invocation = remote_function.call(called_with)
        show_invocation(invocation, remote_function.place, None, output)
        _write_page(report, invocation, remote_function.place)
    else:
        _tell_of_feeders(found, called_with)
        found = in_one_call(found, handler_run.aws)
        if env_from_stack:
            theirs = remote_function.environment()
            found = replace(found, environment={**found.environment, **theirs})
        invocation = _called_here(found, handler_run, called_with)
        if compare:
            is_different = _compared(invocation, remote_function.call(called_with), output)
        else:
            show_invocation(invocation, found.origin, found.code_uri, output)
            _write_page(report, invocation, found.origin)
    if _failed(invocation, fail_on or []) or (
        is_different and FailOn.DIFFERENCE in (fail_on or [])
    ):
        raise typer.Exit(ExitCode.FAILED)


class _RemoteFunction:
    """The deployed function, or that of `kcli local`; reached when it is needed."""

    def __init__(
        self,
        target: Target,
        function: str | None,
        qualifier: str | None,
        invocation_type: InvocationType,
        log_type: LogType,
    ) -> None:
        self.target, self.function, self.qualifier = target, function, qualifier
        self.invocation_type, self.log_type = invocation_type, log_type
        self.place = ""  # where it is, for people

    def named(self) -> list[str]:
        """The options that say how it is called and reached."""
        names = ["--function-name"] if self.function else []
        names += [flag(name) for name, value in given(self.target).items() if value]
        names += ["--qualifier"] if self.qualifier else []
        if self.invocation_type is not InvocationType.REQUEST_RESPONSE:
            names.append("--invocation-type")
        return names + (["--log-type"] if self.log_type is not LogType.TAIL else [])

    def call(self, event: Event) -> SingleInvocation:
        """Call it."""
        from kinesis_cli.aws.remote_handler import RemoteHandler  # start-up counts

        connection, name = self._reached()
        handler = RemoteHandler(
            connection,
            name,
            qualifier=self.qualifier,
            invocation_type=self.invocation_type,
            log_type=self.log_type,
        )
        invocation = invoke_once(handler, event)
        return msgspec.structs.replace(
            invocation, queued_note=_QUEUED_NOTES.get(self.invocation_type, "")
        )

    def environment(self) -> dict[str, str]:
        """The variables that it was given."""
        from kinesis_cli.aws.functions import function_environment

        connection, name = self._reached()
        return function_environment(connection, name)

    def _reached(self) -> "tuple[Connection, str]":
        from kinesis_cli.aws.functions import function_name

        connected = reached(self.target, function=self.function)
        connection = connected.connection
        self.place = connection.place
        return connection, function_name(connection, connected.settings)


_QUEUED_NOTES = {
    InvocationType.EVENT: "queued; Lambda calls the function, `kcli tail-logs` shows how it went",
    InvocationType.DRY_RUN: "not called; the call is allowed",
}


def _refuse_contradictions(
    remote_function: _RemoteFunction, here: dict[str, bool], *, remote: bool, compare: bool
) -> None:
    """Each option must mean something beside the others."""
    if remote and compare:
        raise InputError("--compare calls the remote function too", advice="Leave --remote out.")
    if remote and (ours := [name for name, is_set in here.items() if is_set]):
        raise InputError(
            f"{ours[0]} is about a handler that runs here, and --remote calls one elsewhere",
            advice="Leave one of the two out.",
        )
    if here.get("--env-vars") and here["--env-from-stack"]:
        raise InputError("--env-vars and --env-from-stack both give the environment")
    if compare and remote_function.invocation_type is not InvocationType.REQUEST_RESPONSE:
        raise InputError(
            "--compare needs an answer, and this --invocation-type does not wait for one"
        )
    if not (remote or compare or here["--env-from-stack"]) and (theirs := remote_function.named()):
        raise InputError(
            f"{theirs[0]} is about a function that is called elsewhere",
            advice="Add --remote or --compare.",
        )


def _write_page(path: Place | None, invocation: SingleInvocation, origin: str) -> None:
    if path is not None:
        from kinesis_cli.show.pictures.call_report import write_call_report  # seldom asked for

        write_call_report(path, invocation, origin, summary_of(invocation), typed())


def _tell_of_feeders(function: Function, called_with: Event) -> None:
    if function.mapping is None and function.other_feeders and called_with.records:
        note(
            f"{', '.join(function.other_feeders)} feeds this function, and it is called with an "
            f"event of {function.kind.title}"
        )


def _called_here(
    function: Function, handler_run: HandlerRun, called_with: Event
) -> SingleInvocation:
    for sentence in function.notes:
        note(sentence)
    options = msgspec.structs.replace(handler_options(handler_run), wall_clock=True)
    handler = handler_of(function, options, note)
    with closing(handler):
        invocation = invoke_once(explaining(handler, function), called_with)
    return msgspec.structs.replace(invocation, interpreter=function.interpreter)


def _compared(here: SingleInvocation, there: SingleInvocation, output: Output) -> bool:
    """Show how two answers differ; whether they do."""
    found = differences(here.result, there.result)
    show_comparison(here, there, found, output)
    return bool(found)


def _stream_of(function: Function | None) -> str | None:
    """The ARN of the stream that the template's mapping reads, where it tells one."""
    arn = None if function is None else (function.mapping or {}).get("EventSourceArn")
    return arn if isinstance(arn, str) else None


def _failed(invocation: SingleInvocation, fail_on: list[FailOn]) -> bool:
    if invocation.result.error is not None and FailOn.ERROR in fail_on:
        return True
    return invocation.has_failures and FailOn.FAILURES in fail_on
