"""`kcli lint`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from kinesis_cli.cli.exit_code import ExitCode
from kinesis_cli.cli.options.shared import Code, ConfigEnvOption, ParameterOverridesOption
from kinesis_cli.cli.options.takes import given, only, takes
from kinesis_cli.cli.options.target import Target
from kinesis_cli.lint.rule import Severity

if TYPE_CHECKING:
    from kinesis_cli.lint.linting import Lint
    from kinesis_cli.project.settings import Settings

# A stack is reached as the other commands reach AWS.
_REACHED_BY = only(Target, "endpoint_url", "profile", "region")


class LintOutput(StrEnum):
    """How findings are printed on standard output."""

    TABLE = "table"  # for people
    JSON = "json"  # one document
    SARIF = "sarif"  # for GitHub's code scanning, and editors
    GITHUB = "github"  # annotations of a workflow
    DIFF = "diff"  # for `git apply`


WhatArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="TEMPLATE|cdk.out|STACK",
        help="A template, the folder of a CDK assembly, or a deployed stack; default: the "
        "project's template.",
        show_default=False,
    ),
]
LintOutputOption = Annotated[
    LintOutput, typer.Option("--output", help="How to print the findings on standard output.")
]
FailOnSeverityOption = Annotated[
    Severity | None,
    typer.Option(
        "--fail-on", help="End with exit code 1 where there is such a finding, or a worse one."
    ),
]
IgnoreOption = Annotated[
    list[str] | None,
    typer.Option("--ignore", metavar="ID", help="Leave a rule out; repeatable."),
]
RulesOption = Annotated[bool, typer.Option("--rules", help="List the rules, and check nothing.")]


@takes(reached=_REACHED_BY)
def lint(
    what: WhatArgument = None,
    *,
    fail_on: FailOnSeverityOption = None,
    ignore: IgnoreOption = None,
    rules: RulesOption = False,
    parameter_overrides: ParameterOverridesOption = None,
    config_env: ConfigEnvOption = None,
    reached: Target,
    output: LintOutputOption = LintOutput.TABLE,
) -> None:
    """Name what will hurt in a template or a stack.

    Each event source mapping from Kinesis or a DynamoDB table's stream, with the function, stream,
    destination and alarms around it: what loses records or holds up a shard, how much, and what
    mends it. The rules are in docs/lint.md. A comment `# kcli: ignore K003 reason` keeps what is
    meant so.

    \b
    Examples:
      kcli lint
      kcli lint template.yaml --fail-on warning
      kcli lint template.yaml --output diff
      kcli lint --output sarif > kcli.sarif
    """
    from kinesis_cli.show.lint import show_lint, show_rules

    if rules:
        show_rules(output)
        return
    from kinesis_cli.lint.linting import refuse_unknown_rules, worst
    from kinesis_cli.lint.settings import lint_settings

    own = lint_settings()
    refuse_unknown_rules(own.ignore, own.source)
    refuse_unknown_rules(ignore or (), "--ignore")
    found = _lint(
        what or [],
        Code(parameter_overrides=parameter_overrides, config_env=config_env),
        reached,
        {*own.ignore, *(ignore or ())},
    )
    show_lint(found, output)
    limit = fail_on or own.fail_on
    highest = worst(each for lint in found for each in lint.findings)
    if limit is not None and highest is not None and highest.rank <= limit.rank:
        raise typer.Exit(ExitCode.FAILED)


def _lint(what: list[str], project: Code, reached: Target, ignore: set[str]) -> "list[Lint]":
    from kinesis_cli.lint.linting import lint_file
    from kinesis_cli.lint.templates import is_stack, named_templates, project_templates
    from kinesis_cli.project.settings import template_settings

    stacks = [name for name in what if is_stack(name)]
    if len(stacks) == len(what) > 0:
        return [_of_stack(name, reached, ignore) for name in stacks]
    settings = template_settings(given(project))
    if not what:
        return [lint_file(each, ignore) for each in project_templates(settings)]
    found = []
    for name in what:
        if name in stacks:
            found.append(_of_stack(name, reached, ignore))
            continue
        found += [lint_file(each, ignore) for each in named_templates(name, _of(name, project))]
    return found


def _of(name: str, project: Code) -> "Settings":
    """What is set of a template that was named: samconfig.toml lies beside it."""
    from kinesis_cli.project.settings import template_settings

    return template_settings({**given(project), "template": name})


def _of_stack(name: str, reached: Target, ignore: set[str]) -> "Lint":
    from kinesis_cli.aws.stacks import read_template
    from kinesis_cli.lint.linting import lint_stack
    from kinesis_cli.local.client.connection import connect_to_stack
    from kinesis_cli.project.settings import read_settings

    connection = connect_to_stack(read_settings({**given(reached), "stack": name}))
    text, parameters = read_template(connection, name)
    return lint_stack(name, text, parameters, ignore)
