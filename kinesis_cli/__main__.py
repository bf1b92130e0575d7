"""``python -m kinesis_cli`` is ``kcli``."""

import sys

from kinesis_cli.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
