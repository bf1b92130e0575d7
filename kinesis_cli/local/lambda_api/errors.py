"""Refusals of Lambda in AWS's words. Source: LocalStack's snapshots recorded on AWS."""


class LambdaError(Exception):
    """What is answered instead of a result.

    Args:
        status: of the HTTP answer, where the model has no such error.
        code: AWS's name of the error.
        message: AWS's sentence.
        members: what the error's document has besides.
    """

    def __init__(self, status: int, code: str, message: str, **members: object) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message, self.members = status, code, message, members


def not_found(message: str) -> LambdaError:
    """What is asked for is not there."""
    return LambdaError(404, "ResourceNotFoundException", message)


def conflict(message: str) -> LambdaError:
    """There is such a thing already, or it is in use."""
    return LambdaError(409, "ResourceConflictException", message)


def wrong_revision(of: str = "GetFunction/GetAlias") -> LambdaError:
    """Somebody else has changed it."""
    return LambdaError(
        412,
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the"
        f" {of} API to retrieve the latest Revision Id",
    )


def alias_not_found(arn: str) -> LambdaError:
    """Unknown alias, in the words of most calls."""
    return not_found(f"Cannot find alias arn: {arn}")


def of_the_template(name: str) -> LambdaError:
    """A function that the template describes is changed there."""
    return conflict(
        f"{name} is a function of the template, whose code and settings kcli follows as they"
        " change: change them there."
    )


def function_not_found(arn: str, qualifier: str = "") -> LambdaError:
    """Unknown function, or a version or alias of it that is not there."""
    name = f"{arn}:{qualifier}" if qualifier else arn
    return not_found(f"Function not found: {name}")


def invalid_parameter(message: str) -> LambdaError:
    """A parameter, or a combination of them, that cannot be taken."""
    return LambdaError(400, "InvalidParameterValueException", message)


def not_there() -> LambdaError:
    """Unknown event source mapping, URL, policy, or name of a function."""
    return not_found("The resource you requested does not exist.")


def mapping_exists(stream_arn: str, function: str, uuid: str) -> LambdaError:
    """The same stream and function are mapped already."""
    return conflict(
        f'The event source arn (" {stream_arn} ") and function (" {function} ") provided mapping'
        f" already exists. Please update or delete the existing mapping with UUID {uuid}",
    )


def too_many_requests() -> LambdaError:
    """As many calls are running as the function has reserved."""
    return LambdaError(
        429,
        "TooManyRequestsException",
        "Rate Exceeded.",
        Reason="ReservedFunctionConcurrentInvocationLimitExceeded",
    )
