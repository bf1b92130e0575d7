"""Running a function in a process apart, with Lambda's limits, whatever its language.

Linux only. `IsolatedHandler` is the `Handler`; a `Sandbox` is one process, started by what
`runtimes` knows of its language; what they say to each other is the Runtime API.
"""

from kinesis_cli.handlers.isolated.handler import IsolatedHandler as IsolatedHandler
