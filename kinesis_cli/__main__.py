"""``python -m kinesis_cli`` is ``kcli``."""

import os.path
import sys

from kinesis_cli.cli.main import main

if __name__ == "__main__":
    # The working directory is on the path now, and is not for the command `kcli`: a handler would
    # find there what it does not find on Lambda.
    # pathlib is not loaded where little happens.
    package = os.path.dirname(os.path.realpath(__file__))  # noqa: PTH120
    if os.path.realpath(sys.path[0]) != os.path.dirname(package):  # noqa: PTH120
        del sys.path[0]
    sys.exit(main())
