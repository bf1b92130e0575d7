"""Refusals of Lambda in AWS's words. Source: LocalStack's snapshots recorded on AWS."""


class LambdaError(Exception):
    """What is answered instead of a result.

    Args:
        status: of the HTTP answer.
        code: AWS's name of the error.
        message: AWS's sentence.
        members: what the error's document has besides.
    """

    def __init__(self, status: int, code: str, message: str, **members: object) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message, self.members = status, code, message, members


def function_not_found(arn: str, qualifier: str = "") -> LambdaError:
    """Unknown function, or a version or alias of it that is not there."""
    name = f"{arn}:{qualifier}" if qualifier else arn
    return LambdaError(404, "ResourceNotFoundException", f"Function not found: {name}")


def invalid_parameter(message: str) -> LambdaError:
    """A parameter, or a combination of them, that cannot be taken."""
    return LambdaError(400, "InvalidParameterValueException", message)


def mapping_not_found() -> LambdaError:
    """Unknown event source mapping."""
    return LambdaError(
        404, "ResourceNotFoundException", "The resource you requested does not exist."
    )


def mapping_exists(stream_arn: str, function: str, uuid: str) -> LambdaError:
    """The same stream and function are mapped already."""
    return LambdaError(
        409,
        "ResourceConflictException",
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
