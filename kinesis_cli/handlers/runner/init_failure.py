"""Code that cannot be loaded, in the words of AWS's runtime client.

Source: awslambdaric 4.2.2, bootstrap.py, _get_handler
"""

from __future__ import annotations

from .failure import Failure, error_of_exception, exit_error


def init_failure(handler: str, cause: BaseException | None, problem: str) -> Failure:
    """The error of an initialisation as Lambda reports it.

    Args:
        handler: as the function names it.
        cause: what ended the import; None: the module is there, and has no such function.
        problem: why, in words of kcli's.
    """
    module, _, name = handler.replace(":", ".").rpartition(".")
    if not module:
        return Failure("Runtime.MalformedHandlerName", f"Bad handler '{handler}': {problem}")
    if isinstance(cause, ImportError):
        told = f"Unable to import module '{module}': {cause}"
        return Failure("Runtime.ImportModuleError", told)
    if isinstance(cause, SyntaxError):
        told = f"Syntax error in module '{module}': {cause}"
        place = f'  File "{cause.filename}" Line {cause.lineno}\n    {cause.text}'
        return Failure("Runtime.UserCodeSyntaxError", told, (place,))
    if isinstance(cause, Exception):
        return error_of_exception(cause, "")
    if cause is not None:
        return exit_error(cause, "")[0]
    return Failure("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module}'")
