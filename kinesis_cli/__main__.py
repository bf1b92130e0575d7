"""``python -m kinesis_cli`` is ``kcli``."""

import sys
from pathlib import Path

from kinesis_cli.cli.main import main

if __name__ == "__main__":
    # The working directory is on the path now, and is not for the command `kcli`: a handler would
    # find there what it does not find on Lambda.
    if Path(sys.path[0]).resolve() != Path(__file__).resolve().parents[1]:
        del sys.path[0]
    sys.exit(main())
