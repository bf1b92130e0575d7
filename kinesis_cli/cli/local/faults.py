"""`kcli local faults`."""

from typing import Annotated

import typer

from kinesis_cli.cli.local.shared import StateOption, running_already
from kinesis_cli.local.client.fault_verbs import fault_request
from kinesis_cli.local.client.process import change_faults
from kinesis_cli.show.local import show_faults


def faults(
    context: typer.Context,
    verb: Annotated[
        str | None, typer.Argument(metavar="VERB", help="Default: show what is switched on.")
    ] = None,
    values: Annotated[list[str] | None, typer.Argument(metavar="VALUE")] = None,
    state: StateOption = None,
) -> None:
    """Switch faults on and off while the stream runs.

    \b
    Verbs:
      throttle STREAM[/SHARD]...      refuse reads and writes
      fail SHARE                      fail a share of PutRecords' entries
      error SHARE                     answer a share of the requests with 500
      delay DURATION                  wait before each answer
      cut before|after [SHARE]        drop connections before or after the write
      operations NAME...              error, delay and cut concern only these
      expire-iterators                expire every iterator given out so far
      clock +DURATION|-DURATION       move the stream's clock
      off                             switch all of it off but the clock

    \b
    `off` after a fault, `operations all` and `clock reset` undo one each.

    \b
    Examples:
      kcli local start --detach && kcli local faults fail 20%; kcli local stop
      kcli local start --detach && kcli local faults clock +6m; kcli local stop
    """
    if verb == "-h" or "-h" in (values or []):
        typer.echo(context.get_help())
        return
    request = fault_request(verb, values or []) if verb else {}
    show_faults(change_faults(running_already(state), request))
