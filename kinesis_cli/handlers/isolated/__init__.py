"""Running a function in AWS's own runtime client: a process apart, with Lambda's limits.

Linux only, as the client is. `IsolatedHandler` is the `Handler`; a `Sandbox` is one process; what
they say to each other is the Runtime API.
"""

from kinesis_cli.handlers.isolated.handler import IsolatedHandler as IsolatedHandler
