"""What is said of a handler's call to AWS that found no credentials."""

from kinesis_cli.show.console import warn


def explain() -> None:
    """Say why, and what would change it."""
    warn(
        "The handler called AWS, and has no credentials here: --aws shell gives it the shell's, "
        "--aws local makes it call this project's `kcli local`."
    )
