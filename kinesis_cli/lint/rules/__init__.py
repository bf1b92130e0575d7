"""The rules, by what they are about. Each module registers its own."""

from kinesis_cli.lint.checks import Check, gathered
from kinesis_cli.lint.rule import Rule
from kinesis_cli.lint.rules import (
    around,
    concurrency,
    failure_queue,
    filters,
    giving_up,
    refused,
    response,
    tables,
)

MODULES = (around, concurrency, failure_queue, filters, giving_up, refused, response, tables)


def all_checks() -> list[tuple[Rule, Check]]:
    """Every rule with its check, by id."""
    return gathered()
