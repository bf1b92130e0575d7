"""What kcli tells the shell when it ends."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes, a contract with scripts."""

    DONE = 0
    FAILED = 1  # the thing under test failed by the rule the user asked for (`--fail-on`)
    BAD_INPUT = 2  # arguments, a file or the project's settings
    ENDPOINT = 3  # AWS or the local endpoint refused, or could not be reached
    BUG = 70  # kcli itself is wrong; EX_SOFTWARE of sysexits.h
    INTERRUPTED = 130  # Ctrl-C, 128 + SIGINT
    READER_LEFT = 141  # `| head -1` had enough, 128 + SIGPIPE, as for any other tool
