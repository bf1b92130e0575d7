"""The code on this machine that stands for the function of a stuck mapping."""

from typing import TYPE_CHECKING

import msgspec

from kinesis_cli.cli.options.aws_access import AwsAccess
from kinesis_cli.cli.options.poison.given import CODE, PoisonOptions
from kinesis_cli.cli.options.takes import given
from kinesis_cli.cli.options.target import Target
from kinesis_cli.errors import InputError

if TYPE_CHECKING:
    from kinesis_cli.aws.status import MappingState
    from kinesis_cli.cli.options.handler import NewHandler
    from kinesis_cli.project.function import Function

_OF_PROJECT = ("template", "parameter_overrides", "config_env")  # which the target has, too


class Chosen(msgspec.Struct, frozen=True):
    """The function on this machine that stands for a deployed one."""

    function: "Function"
    is_named: bool  # it had to be named, for there are several


def chosen_function(
    mapping: "MappingState", options: PoisonOptions, target: Target, *, on_this_machine: bool
) -> Chosen:
    """The code for the function of a mapping.

    Args:
        mapping: of the deployed function.
        options: name the code, where the user does.
        target: says which project it is.
        on_this_machine: whether `kcli local` feeds it, so that its name must be the template's.

    Raises:
        InputError: no code is found that could be meant.
    """
    from kinesis_cli.project.find import find_function  # start-up counts

    told = {
        **{name: value for name, value in given(target).items() if name in _OF_PROJECT},
        **{name: value for name, value in given(options).items() if name in CODE},
        "kind": mapping.settings.kind,
    }
    if options.handler is not None or options.function is not None:
        return Chosen(find_function(**told), is_named=False)
    try:
        found, problem = find_function(**told), None
        if found.name == mapping.function:
            return Chosen(found, is_named=False)
    except InputError as error:
        found, problem = None, error
    try:
        return Chosen(find_function(**told, function=mapping.function), is_named=True)
    except InputError:
        if found is not None and not on_this_machine and not found.is_sample:
            return Chosen(found, is_named=False)
        raise problem or _not_here(mapping.function) from None


def _not_here(function: str) -> InputError:
    return InputError(
        f"no function of a template here is {function}, whose code is to be called",
        advice="Go to its project's folder, or name the code with --handler or --function.",
    )


def poison_handler(
    chosen: Chosen, options: PoisonOptions, *, on_this_machine: bool
) -> "NewHandler":
    """What makes handlers of the function: with `kcli local`'s AWS or with none, unless asked."""
    from kinesis_cli.cli.options.aws_access import in_a_simulation  # these import more
    from kinesis_cli.cli.options.handler import HandlerRun, handler_maker

    access = options.aws or (None if on_this_machine else AwsAccess.NONE)
    function = in_a_simulation(chosen.function, access)
    run = HandlerRun(isolated=options.isolated, keep_failing_init=True)
    return handler_maker(function, run)
