"""Running a function in a Python of its own: the code of both sides that needs nothing but Python.

These modules import the standard library and each other, nothing else: `start.py` is run by the
project's interpreter (3.9 or newer), where no package of kcli's can be imported, and the handler in
kcli's own process imports the same modules, so that nothing is written twice.
"""

INTERRUPTED = "interrupted"  # what a worker answers when the user has left the debugger

# What kcli asks a worker for besides calls:
BEGIN_FRESH = "begin a fresh environment"
END_FRESH = "end it"
TRACED_BYTES = "traced bytes"
ENDED = "ended"  # the name under which it answers how the environment of a call has ended
KEEP_TABLES = "keep what is written to tables"

START = __file__.removesuffix("__init__.py") + "start.py"  # what another interpreter is to run
