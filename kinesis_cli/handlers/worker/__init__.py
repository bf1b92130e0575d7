"""Running a Python function in an interpreter of its own: the project's, with its packages.

Nothing of kcli's can be imported there. `WorkerHandler` is the `Handler`; a `Worker` is one
process, which runs `kinesis_cli/handlers/runner/start.py`.
"""

from kinesis_cli.handlers.worker.handler import WorkerHandler as WorkerHandler
