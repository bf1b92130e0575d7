"""Which function runs, where, and in which Python: a line of tables and a member of JSON."""

from kinesis_cli.project.interpreter import Interpreter
from kinesis_cli.show.shapes import function as shapes


def function_origin(origin: str, interpreter: Interpreter | None) -> str:
    """Return where a function and its settings came from, and the Python that runs it."""
    return f"from {origin}" + (f"; in {interpreter}" if interpreter else "")


def function_document(
    handler: str, runtime: str, interpreter: Interpreter | None
) -> shapes.Function:
    """Return the `function` member of JSON documents."""
    document = shapes.Function(handler, runtime)
    if interpreter is not None:
        document.interpreter = shapes.Interpreter(
            path=str(interpreter.path),
            version=".".join(map(str, interpreter.version)),
            why=interpreter.why,
        )
    return document
