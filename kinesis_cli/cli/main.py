"""The ``kcli`` command: finds the command's module, runs it, turns errors into a sentence.

Start-up is part of the contract (`benchmarks/startup.py`): ``--version``, ``--help`` and the
completion of command names are answered from this file, before typer or any command is imported.
"""

import gc
import os
import sys
from typing import NamedTuple, NoReturn

from kinesis_cli.cli.exit_code import ExitCode
from kinesis_cli.errors import EndpointError, InputError, KcliError

TYPE_CHECKING = False  # as `typing.TYPE_CHECKING`; typer costs a tenth of a second
if TYPE_CHECKING:
    from collections.abc import Sequence

    import typer


class Command(NamedTuple):
    """One line of ``kcli --help``: where the command lives, and what it does."""

    # holds a function named like the command, `_` for `-`, or `app`, a group of subcommands
    module: str
    summary: str  # first line of that function's docstring


COMMANDS = {
    "simulate": Command(
        "kinesis_cli.cli.simulate", "Deliver records to a handler as Lambda would, in virtual time."
    ),
    "invoke": Command("kinesis_cli.cli.invoke", "Call a handler once with one event."),
    "check": Command(
        "kinesis_cli.cli.check", "Try to break a handler, with broken records and in every order."
    ),
    "lint": Command("kinesis_cli.cli.lint", "Name what will hurt in a template or a stack."),
    "event": Command("kinesis_cli.cli.event", "Build an event or a recording."),
    "put": Command("kinesis_cli.cli.put", "Put records on a stream."),
    "tail": Command(
        "kinesis_cli.cli.tail", "Follow the records of a stream, or the changes of a table."
    ),
    "record": Command("kinesis_cli.cli.record", "Record a stream, or the changes of a table."),
    "index": Command(
        "kinesis_cli.cli.index",
        "Note where each shard's records lie, to read parts alone.",
    ),
    "replay": Command(
        "kinesis_cli.cli.replay", "Put a recording back on a stream, with its own timing."
    ),
    "status": Command("kinesis_cli.cli.status", "Show how stream, mapping and function are doing."),
    "redrive": Command("kinesis_cli.cli.redrive", "Take up the records that Lambda gave up."),
    "tail-logs": Command("kinesis_cli.cli.tail_logs", "Follow the function's log."),
    "local": Command(
        "kinesis_cli.cli.local", "A Kinesis stream on this machine, and the function that it feeds."
    ),
    "config": Command(
        "kinesis_cli.cli.config",
        "Show each setting, its source, and what kcli would talk to.",
    ),
    "docs": Command("kinesis_cli.cli.docs", "Open a page of the documentation, or print it."),
    "schema": Command("kinesis_cli.cli.schema", "Print the JSON Schema of a command's output."),
}

OPTIONS = {
    "--version": "Show the version.",
    "--help": "Show this message.",
    "--install-completion": "Install completion for your shell, or the one named.",
    "--show-completion": "Print the completion script, to copy or to change it.",
}


def main(arguments: "Sequence[str] | None" = None) -> int:
    """Run kcli with `arguments` (default: the process's own) and return its exit code."""
    if arguments is None:
        _hold_closed_descriptors()
    code = _ended(arguments)
    threading = sys.modules.get("threading")
    if arguments is None and threading is not None and threading.active_count() > 1:
        from kinesis_cli.cli.running.left_threads import leave_threads

        leave_threads(code)
    return code


def _hold_closed_descriptors() -> None:
    # The next file to be opened would get the number of a standard stream that is closed, and
    # whatever is written to the stream, by a handler too, would go into that file.
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest that is free


def _ended(arguments: "Sequence[str] | None") -> int:
    try:
        _never_fail_on_encoding()
        code = _run(sys.argv[1:] if arguments is None else list(arguments))
        if sys.stdout is not None:
            sys.stdout.flush()  # in the interpreter's exit an error could only become a traceback
    except KcliError as error:
        _report(error)
        return ExitCode.ENDPOINT if isinstance(error, EndpointError) else ExitCode.BAD_INPUT
    except KeyboardInterrupt:
        # One that passed through the source of an `exec`, as a dataclass being made has it, would
        # end the process by the signal although it was caught; another `exec` takes that back.
        # Source: run_eval_code_obj in CPython's Python/pythonrun.c
        exec("")
        _report(KcliError("interrupted"))
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        _silence_output()
        return ExitCode.READER_LEFT
    except OSError as error:
        return _report_full_disk(error) if _is_full_disk(error) else _report_file(error)
    except Exception as error:  # noqa: BLE001 - the last resort: a bug is a sentence too
        return _report_bug(error)
    finally:
        gc.enable()
    return code


def _run(arguments: list[str]) -> int:
    if "_KCLI_COMPLETE" in os.environ:
        from kinesis_cli.cli import completion

        summaries = {name: command.summary for name, command in COMMANDS.items()}
        return completion.answer(os.environ, summaries, OPTIONS)
    match arguments:
        case [] | ["--help" | "-h" | "help"]:
            print(_help())  # noqa: T201
        case ["--version" | "-V"]:
            from kinesis_cli._version import __version__

            print("kcli", __version__)  # noqa: T201
        case ["help", name, *subcommand]:
            return _run_command(name, [*subcommand, "--help"])
        case ["--install-completion" | "--show-completion" as option, *shell]:
            from kinesis_cli.cli import completion

            completion.install(shell) if option.startswith("--i") else completion.show(shell)
        case [name, *rest]:
            return _run_command(name, rest)
    return ExitCode.DONE


def _help() -> str:
    commands = "\n".join(f"  {name:12}{command.summary}" for name, command in COMMANDS.items())
    options = "\n".join(f"  {option:22}{text}" for option, text in OPTIONS.items())
    return (
        "Usage: kcli COMMAND [OPTIONS] [ARGUMENTS]\n\n"
        "Know what your Lambda function will do with a stream before AWS does.\n\n"
        f"Commands:\n{commands}\n\nOptions:\n{options}\n\n"
        "`kcli COMMAND --help` shows a command's options and examples."
    )


def load(name: str) -> "typer.Typer":
    """The command `name` as a typer application of its own.

    Raises:
        InputError: there is no such command.
    """
    if name not in COMMANDS:
        _refuse(name)
    from importlib import import_module
    from typing import cast

    import typer

    module = import_module(COMMANDS[name].module)
    if group := getattr(module, "app", None):
        return cast("typer.Typer", group)
    from kinesis_cli.cli.options.shared import PLAIN

    application = typer.Typer(**PLAIN)
    application.command(name)(getattr(module, name.replace("-", "_")))
    return application


def _refuse(name: str) -> NoReturn:
    from difflib import get_close_matches

    kind = "option" if name.startswith("-") else "command"
    near = get_close_matches(name, OPTIONS if kind == "option" else COMMANDS, n=1)
    suggestion = f"Did you mean `kcli {near[0]}`? " if near else ""
    raise InputError(
        f"there is no {kind} '{name}'", advice=f"{suggestion}`kcli --help` lists what there is."
    )


def _run_command(name: str, arguments: list[str]) -> int:
    # What imports make is no garbage; looking for some would be a twentieth of the start-up.
    gc.disable()
    application = load(name)

    import typer

    from kinesis_cli.cli.running.interruption import let_others_end_it

    let_others_end_it()
    command = typer.main.get_command(application)
    if "--parameter-overrides" in arguments:
        from kinesis_cli.cli.options.overrides import separated  # seldom given, and start-up counts

        arguments = separated(arguments)
    try:
        with command.make_context(f"kcli {name}", arguments) as context:
            gc.freeze()
            gc.enable()
            command.invoke(context)
    except KcliError as error:
        from kinesis_cli.cli.running.advice import fitting

        error.advice = fitting(error.advice, _options(command, arguments))
        raise
    except typer.Exit as end:
        return end.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    except typer.TyperException as error:
        raise InputError(
            _usage_problem(error),
            place=(place := _command_path(error, name)),
            advice=f"`kcli {place} --help` shows what it takes.",
        ) from error
    return ExitCode.DONE


def _options(command: object, arguments: "Sequence[str]") -> set[str]:
    """The options of a command, of a group those of the subcommand that was asked for."""
    subcommands = getattr(command, "commands", {})
    asked = next((subcommands[each] for each in arguments if each in subcommands), command)
    parameters = getattr(asked, "params", ())
    return {name for each in parameters for name in (*each.opts, *each.secondary_opts)}


def _command_path(error: "typer.TyperException", name: str) -> str:
    """The command that was misused: "event", "local start"."""
    context = getattr(error, "ctx", None)
    return context.command_path.removeprefix("kcli ") if context else name


def _usage_problem(error: "typer.TyperException") -> str:
    problem = ", ".join(error.format_message().rstrip(".").split("\n\t"))
    problem = problem.replace("Value error, ", "")
    # pydantic checks the values; typer passes on what it wanted, not always what it found
    if errors := getattr(error.__cause__, "errors", None):
        found = repr(errors()[0]["input"])
        problem += "" if found in problem else f", found {found}"
    return problem[:1].lower() + problem[1:]


def _report(error: KcliError) -> None:
    from kinesis_cli.show.console import error as show_error

    show_error(str(error), error.advice)


def _report_file(error: OSError) -> int:
    """Say what the file system refused: a name that is too long, a folder that is not there."""
    reason = (error.strerror or str(error)).lower()
    if error.filename is not None:
        name = os.fsdecode(error.filename) if isinstance(error.filename, bytes) else error.filename
        _report(InputError(reason, place=_shortened(str(name))))
        return ExitCode.BAD_INPUT
    try:
        os.getcwd()  # noqa: PTH109 - pathlib is not loaded where little happens
    except OSError:
        _report(InputError("is gone", place="the working directory", advice=_GO_ELSEWHERE))
        return ExitCode.BAD_INPUT
    return _report_bug(error)


_GO_ELSEWHERE = "It was deleted or moved: change to a folder that exists, and repeat the command."


def _shortened(name: str) -> str:
    return name if len(name) <= 200 else f"{name[:100]}...{name[-97:]}"


def _report_bug(error: Exception) -> int:
    if os.environ.get("KCLI_DEBUG"):
        import traceback

        traceback.print_exception(error)
    _report(
        KcliError(
            f"this is a bug in kcli, not in your code or data: {type(error).__name__}: {error}",
            advice="KCLI_DEBUG=1 shows the traceback; please report it with the command you ran.",
        )
    )
    return ExitCode.BUG


def _never_fail_on_encoding() -> None:
    # A terminal or pipe that is not UTF-8 gets \u2713 instead of a UnicodeEncodeError.
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")


def _is_full_disk(error: OSError) -> bool:
    import errno

    # A file that kcli opens by name is its room's business; what has no name is standard output.
    full = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
    return error.errno in full and error.filename is None


def _report_full_disk(error: OSError) -> int:
    _silence_output()
    import errno

    # A broken disk or network fails reads, too, and does not say of what.
    is_either = error.errno == errno.EIO
    problem = "could not be read or written" if is_either else "could not be written"
    place = "a file or standard output" if is_either else "standard output"
    _report(KcliError(f"{problem}: {error.strerror}", place=place))
    return ExitCode.BAD_INPUT


def _silence_output() -> None:
    # What is still buffered has no reader; without this the interpreter complains when it exits.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
