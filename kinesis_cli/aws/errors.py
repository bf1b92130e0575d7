"""What botocore raises, as one sentence with AWS's own code, and one of help."""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore import exceptions as botocore_errors

from kinesis_cli.aws.answers import ADVICE
from kinesis_cli.errors import EndpointError, KcliError, aws_code, is_access_denied


@dataclass(frozen=True, slots=True)
class Caller:
    """Who was calling what when an error came, for the help."""

    endpoint: str  # "http://127.0.0.1:4567", "AWS in eu-west-1"
    profile: str | None  # the one in force; None: botocore's default
    service: str  # IAM's prefix: "kinesis", "cloudformation"
    stream: str | None = None
    stream_names: Callable[[], Iterable[str]] = tuple  # asked only where a stream was not found


@contextmanager
def explained(caller: Caller) -> Iterator[None]:
    """Raises what botocore raises inside as an EndpointError.

    Raises:
        EndpointError: AWS or the endpoint refused, or was not reached.
    """
    try:
        yield
    except (botocore_errors.BotoCoreError, botocore_errors.ClientError) as error:
        raise explain(error, caller) from error


def explain(error: Exception, caller: Caller) -> EndpointError:
    """`error` of botocore for the user."""
    if isinstance(error, botocore_errors.ClientError):
        return _refused(error, caller)
    return EndpointError(_problem(error, caller), advice=_advice(error, caller))


# --- nobody answered, or nobody was asked


def _problem(error: Exception, caller: Caller) -> str:
    match error:
        case botocore_errors.NoRegionError():
            return "no region is named"
        case botocore_errors.NoCredentialsError():
            return "no AWS credentials were found"
        case _ if isinstance(error, _SSO):
            return f"the AWS login{_of_profile(caller)} has expired, or was never made"
        case _ if isinstance(error, _UNREACHABLE):
            return f"{caller.endpoint} could not be reached: {_reason(error)}"
    return _one_line(str(error))


# `aws sso login` and `aws login`; a token that cannot be refreshed is one that has expired
_SSO = (
    botocore_errors.SSOError,
    botocore_errors.TokenRetrievalError,
    botocore_errors.LoginError,
)
_TOO_LATE = (botocore_errors.ConnectTimeoutError, botocore_errors.ReadTimeoutError)
_UNREACHABLE = (
    botocore_errors.ConnectionError,
    botocore_errors.HTTPClientError,
)


def _advice(error: Exception, caller: Caller) -> str:
    profile = f" --profile {caller.profile}" if caller.profile else ""
    match error:
        case botocore_errors.NoRegionError():
            return (
                "Name it with --region, AWS_REGION, or `aws configure set region REGION`; "
                "--endpoint-url local is the stream on this machine."
            )
        case botocore_errors.NoCredentialsError() | botocore_errors.PartialCredentialsError():
            return (
                "Log in with `aws configure` or `aws sso login`, or name a profile with --profile; "
                "--endpoint-url local needs no account."
            )
        case botocore_errors.LoginError():
            return f"`aws login{profile}` makes a new one."
        case _ if isinstance(error, _SSO):
            return f"`aws sso login{profile}` makes a new one."
        case botocore_errors.ProfileNotFound():
            return "`aws configure list-profiles` shows what there is."
        case _ if isinstance(error, _UNREACHABLE):
            return "Is it running, is its address right, and does the network allow it?"
    return ""


def _of_profile(caller: Caller) -> str:
    return f" of profile {caller.profile}" if caller.profile else ""


def _reason(error: Exception) -> str:
    """The innermost reason: "Connection refused", "Name or service not known"."""
    if isinstance(error, _TOO_LATE):
        return "it did not answer in time"
    text = _one_line(str(getattr(error, "kwargs", {}).get("error") or error))
    found = re.search(r"\[Errno -?\d+\] ([^'\")]+)", text)
    return found[1].strip() if found else text


# --- AWS, or the endpoint, answered with an error


def _refused(error: botocore_errors.ClientError, caller: Caller) -> EndpointError:
    code = aws_code(error)
    message = _one_line(str(error.response.get("Error", {}).get("Message", "")))
    problem = ": ".join(filter(None, (code, message.rstrip(".")))) or _one_line(str(error))
    if code.isdecimal():  # HTTP's, where there is none of AWS's
        service = _SERVICES.get(caller.service, caller.service)
        problem = f"{caller.endpoint} does not answer like {service}: {problem}"
        return EndpointError(problem, advice=ADVICE, code=code)
    advice = _help(code, message, error.operation_name, caller)
    return EndpointError(problem, advice=advice, code=code)


_SERVICES = {
    "cloudformation": "CloudFormation",
    "cloudwatch": "CloudWatch",
    "kinesis": "Kinesis",
    "lambda": "Lambda",
    "logs": "CloudWatch Logs",
    "s3": "S3",
    "sqs": "SQS",
}


def _help(code: str, message: str, operation: str, caller: Caller) -> str:
    profile = f" --profile {caller.profile}" if caller.profile else ""
    if code == "ResourceNotFoundException" and caller.stream:
        return _nearest(caller)
    if code == "ValidationError" and caller.service == "cloudformation":  # there is no such stack
        return "Is it deployed, in this region and account? --endpoint-url local needs no stack."
    if is_access_denied(code):
        action = _missing_action(message, operation, caller)
        return f"The identity{_of_profile(caller)} lacks the permission {action}."
    if code in ("ExpiredToken", "ExpiredTokenException", "RequestExpired"):
        return f"The session has ended; log in anew, for example with `aws sso login{profile}`."
    if code in ("UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"):
        return (
            f"AWS does not know the access key{_of_profile(caller)}: `aws configure list{profile}`."
        )
    if "Signature" in code:
        return "The secret key is wrong, or this machine's clock is."
    if "Throttl" in code or code in (
        "ProvisionedThroughputExceededException",
        "LimitExceededException",
    ):
        return "AWS allows no more of these calls for now; try again in a moment."
    return ""


def _missing_action(message: str, operation: str, caller: Caller) -> str:
    """The action in AWS's text ("is not authorized to perform: kinesis:PutRecords on resource")."""
    named = re.search(r"perform(?:ing)?:? ([a-z0-9-]+:[A-Za-z]+)", message)
    return named[1] if named else f"{caller.service}:{operation}"


def _nearest(caller: Caller) -> str:
    """The names that are nearest to the one that was not found, of those that are there."""
    wanted = (caller.stream or "").rpartition("/")[2]
    try:
        names = list(caller.stream_names())
    except (botocore_errors.BotoCoreError, botocore_errors.ClientError, KcliError):
        return ""  # the list is help; that it cannot be had is not what went wrong
    if not names:
        return f"There is no stream at all at {caller.endpoint}."
    near = difflib.get_close_matches(wanted, names, n=3)
    return (
        f"There is {', '.join(near or names[:3])}{_and_more(len(names) - len(near or names[:3]))}."
    )


def _and_more(count: int) -> str:
    return f", and {count} more" if count > 0 else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())
