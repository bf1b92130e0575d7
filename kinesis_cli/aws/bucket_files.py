"""Objects of S3 as files of fsspec, over the client that the rest of kcli has.

The same profile, region, endpoint and sentences on errors as everywhere in kcli. s3fs is not used:
it needs aiobotocore, which works with a few versions of botocore, all older than the one that boto3
needs.
"""

import ssl
from collections.abc import Iterator
from mimetypes import guess_type
from typing import Any

from botocore import exceptions as botocore_errors
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem

from kinesis_cli.aws.session import Connection
from kinesis_cli.errors import EndpointError, InputError
from kinesis_cli.places.failures import (
    AbsentError,
    LostError,
    RefusedError,
    absent,
    changed,
    untrusted,
)
from kinesis_cli.places.services import reach_by
from kinesis_cli.places.url import Url
from kinesis_cli.project.target import Target, TargetKind

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
_MAX_PARTS = 10_000
_GROWS_AFTER = 1_000  # parts; each thousand doubles the next ones, so that 10,000 are terabytes
_RECEIVED_AT_ONCE = 1 << 18  # bytes
_MAX_PART = 512 << 20  # bytes


class BucketFileSystem(AbstractFileSystem):
    """The objects that a connection reaches.

    Args:
        connection: default: AWS, as its own tools find it.
    """

    protocol = ("s3", "kcli-s3")
    cachable = False

    def __init__(self, connection: Connection | None = None, **options: object) -> None:
        super().__init__(**options)
        self.connection = connection or Connection(_AS_AWS_TOOLS)

    def info(self, path: str, **_: object) -> dict[str, Any]:
        """What S3 tells of an object.

        Raises:
            InputError: there is none.
            EndpointError: S3 refused, or was not reached.
        """
        bucket, key = _split(self._strip_protocol(path))
        if not key:
            raise absent(_url(bucket, key))
        try:
            found = self.call(bucket, key, "head_object")
        except AbsentError:
            # of a HEAD there is no telling whether the bucket is there
            self._about(_url(bucket, ""), "head_bucket", Bucket=bucket)
            raise
        return {
            "name": f"{bucket}/{key}",
            "size": found["ContentLength"],
            "type": "file",
            "ETag": found.get("ETag", ""),
        }

    def find(
        self,
        path: str,
        maxdepth: int | None = None,
        detail: bool = False,
        prefix: str = "",
        **_: object,
    ) -> Any:  # noqa: ANN401 - as of fsspec
        """All objects under a folder, of which each name goes on with `prefix`."""
        bucket, key = _split(self._strip_protocol(path))
        folder = f"{key}/" if key else ""
        found = {
            f"{bucket}/{each['Key']}": {
                "name": f"{bucket}/{each['Key']}",
                "size": each["Size"],
                "type": "file",
                "ETag": each.get("ETag", ""),
            }
            for each in self._listed(bucket, folder + prefix)
            if maxdepth is None or each["Key"][len(folder) :].count("/") < maxdepth
        }
        return found if detail else list(found)

    def ls(self, path: str, detail: bool = True, **_: object) -> Any:  # noqa: ANN401
        """The objects right in a folder."""
        return list(self.find(path, 1, detail=True).values()) if detail else self.find(path, 1)

    def call(self, bucket: str, key: str, operation: str, **parameters: object) -> Any:  # noqa: ANN401
        """Call S3 about an object.

        Raises:
            InputError: there is no such object or bucket, or it changed.
            EndpointError: S3 refused, or was not reached.
        """
        return self._about(_url(bucket, key), operation, Bucket=bucket, Key=key, **parameters)

    def _about(self, url: Url, operation: str, **parameters: object) -> Any:  # noqa: ANN401
        client = self.connection.client("s3")
        try:
            with self.connection.explained("s3"):
                return getattr(client, operation)(**parameters)
        except EndpointError as error:
            raise _better(error, url) from error

    def receive(self, bucket: str, key: str, into: bytearray, **parameters: object) -> None:
        """Get an object, or a range of it; what came before an error is there, too.

        Raises:
            InputError: there is no such object or bucket, or it changed.
            EndpointError: S3 refused, or the connection was lost.
        """
        answer = self.call(bucket, key, "get_object", **parameters)
        try:
            with self.connection.explained("s3"):
                for piece in answer["Body"].iter_chunks(_RECEIVED_AT_ONCE):
                    into += piece
        except EndpointError as error:
            raise _better(error, _url(bucket, key)) from error

    def _listed(self, bucket: str, prefix: str) -> Iterator[Any]:
        try:
            with self.connection.explained("s3"):
                pages = self.connection.client("s3").get_paginator("list_objects_v2")
                for page in pages.paginate(Bucket=bucket, Prefix=prefix):
                    yield from page.get("Contents", ())
        except EndpointError as error:
            raise _better(error, _url(bucket, prefix)) from error

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,
        cache_options: dict[str, Any] | None = None,
        **options: Any,  # noqa: ANN401
    ) -> "BucketFile":
        return BucketFile(
            self,
            path,
            mode,
            block_size=block_size or "default",
            autocommit=autocommit,
            cache_options=cache_options,
            **options,
        )


def reach_s3(connection: Connection) -> None:
    """Say that s3:// is what a connection reaches."""
    reach_by("s3", lambda: BucketFileSystem(connection))


class BucketFile(AbstractBufferedFile):
    """An object that is read by ranges, or written in parts."""

    fs: BucketFileSystem
    blocksize: int

    def __init__(self, *arguments: Any, version: str = "", **options: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments, **options)
        self._bucket, self._key = _split(self.path)
        self._version = version  # of the object that is read; "": of what is there first
        self._upload: str | None = None  # S3's id of the parts that were sent
        self._tags: list[str] = []  # of each part

    def _fetch_range(self, start: int, end: int) -> bytes:
        if not self._version:
            self._version = self.details["ETag"]
        options = {"IfMatch": self._version} if self._version else {}
        found = bytearray()
        while (there := len(found)) < end - start:
            missing = f"bytes={start + there}-{end - 1}"
            try:
                self.fs.receive(self._bucket, self._key, found, Range=missing, **options)
            except LostError:
                if len(found) == there:
                    raise  # else the rest is asked for
            if len(found) == there:
                raise LostError("S3 gave less than was asked for", place=f"s3://{self.path}")
        return bytes(found)

    def _initiate_upload(self) -> None:
        """Nothing yet: what is less than a part is put as one object."""

    def _upload_chunk(self, final: bool = False) -> bool:
        data = self.buffer.getvalue()
        if final and self._upload is None:
            self._call("put_object", Body=data, **self._kind())
            return True
        if self._upload is None:
            self._upload = self._call("create_multipart_upload", **self._kind())["UploadId"]
        if data:
            self._send(data)
        if final:
            parts = [{"ETag": tag, "PartNumber": n} for n, tag in enumerate(self._tags, 1)]
            of_upload = {"UploadId": self._upload, "MultipartUpload": {"Parts": parts}}
            self._call("complete_multipart_upload", **of_upload)
            self._upload = None
        return True

    def _send(self, data: bytes) -> None:
        number = len(self._tags) + 1
        if number > _MAX_PARTS:
            raise InputError("larger than S3 takes", place=f"s3://{self.path}")
        sent = self._call("upload_part", UploadId=self._upload, PartNumber=number, Body=data)
        self._tags.append(sent["ETag"])
        if number % _GROWS_AFTER == 0:
            self.blocksize = min(2 * self.blocksize, _MAX_PART)

    def _kind(self) -> dict[str, str]:
        """What a browser is told that it is: a report is to be opened, not to be saved."""
        kind, packing = guess_type(self._key)
        return {"ContentType": kind} if kind and not packing else {}

    def discard(self) -> None:
        """Take back the parts that were sent; S3 would keep them, unseen and at a price."""
        if self._upload is not None:
            upload, self._upload = self._upload, None
            self._call("abort_multipart_upload", UploadId=upload)
        self.closed = True

    def _call(self, operation: str, **parameters: object) -> Any:  # noqa: ANN401
        return self.fs.call(self._bucket, self._key, operation, **parameters)


_AS_AWS_TOOLS = Target(
    kind=TargetKind.AWS,
    reason="s3://",
    endpoint_url=None,
    found_by_botocore=False,
    profile=None,
    region=None,
    stack=None,
    stream=None,
    function=None,
)


def _split(path: str) -> tuple[str, str]:
    bucket, _, key = path.partition("/")
    return bucket, key


def _url(bucket: str, key: str) -> Url:
    return Url(f"s3://{bucket}/{key}")


def _better(error: EndpointError, url: Url) -> InputError | EndpointError:
    """The sentence for what S3 answered: of a HEAD it says no more than HTTP's status."""
    match error.code:
        case "NoSuchBucket" | "404" if error.code == "NoSuchBucket" or not url.key:
            bucket = url.text.split("/")[2]
            return InputError(f"there is no bucket {bucket}", place=url.shown, advice=_WHERE)
        case "NoSuchKey" | "404" | "NotFound":
            return absent(url)
        case "PreconditionFailed" | "412":
            return changed(url)
        case "403" | "401" | "400" | "301":
            kind = RefusedError if error.code in ("403", "401") else EndpointError
            return kind(
                f"S3 refused: {_HTTP[error.code]}", place=url.shown, advice=_WHERE, code=error.code
            )
        case "" if isinstance(error.__cause__, _BROKEN_OFF):
            return LostError("the connection broke off", place=url.shown)
        case "" if (reason := _why_untrusted(error.__cause__)) is not None:
            return untrusted(url, reason, "AWS_CA_BUNDLE")
        case "" if isinstance(error.__cause__, _UNANSWERED):
            return LostError(error.problem, place=url.shown, advice=error.advice)
        case "" if isinstance(error.__cause__, botocore_errors.NoCredentialsError):
            return EndpointError(error.problem, place=url.shown, advice=_LOG_IN)
        case "InternalError" | "SlowDown" | "ServiceUnavailable" | "500" | "503":
            return LostError(error.problem, place=url.shown, code=error.code)
    return EndpointError(error.problem, place=url.shown, advice=error.advice, code=error.code)


def _why_untrusted(error: BaseException | None) -> str | None:
    """What OpenSSL says of a certificate: botocore keeps urllib3's error, and that Python's own."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        kept = getattr(error, "kwargs", {}).get("error") or next(iter(error.args), None)
        error = kept if isinstance(kept, BaseException) else None
    return None if error is None else error.verify_message.rstrip(".")


_BROKEN_OFF = (botocore_errors.ResponseStreamingError, botocore_errors.IncompleteReadError)
_UNANSWERED = (botocore_errors.ConnectionError, botocore_errors.HTTPClientError)
_LOG_IN = "Log in with `aws configure` or `aws sso login`, or name a profile in AWS_PROFILE."
_HTTP = {
    "403": "403, access denied",
    "401": "401, access denied",
    "400": "400, often credentials that have expired",
    "301": "301, the bucket is in another region",
}
_WHERE = (
    "`aws s3 ls` with the same AWS_PROFILE and AWS_REGION shows what there is; "
    "--s3 says where s3:// is."
)
