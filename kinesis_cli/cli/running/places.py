"""Where the files of a command are that are not on this machine."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from kinesis_cli.places.url import Url, is_url

if TYPE_CHECKING:
    from kinesis_cli.aws.bucket_files import BucketFileSystem
    from kinesis_cli.aws.session import Connection


def reach_files(
    texts: Iterable[str | None], s3: str | None = None, target: Mapping[str, str | None] = {}
) -> None:
    """Say how the files that a command names are reached, as its options tell it.

    Args:
        texts: paths and URLs; None: not named.
        s3: the value of --s3.
        target: settings of the command's target, by their names.

    Raises:
        InputError: one is the URL of something that nobody here reads.
    """
    urls = [Url(text) for text in texts if text is not None and is_url(text)]
    if any(url.scheme == "s3" for url in urls):
        from kinesis_cli.places.services import reach_by

        reach_by("s3", lambda: _buckets(s3, target))


def reach_elsewhere(texts: Iterable[str]) -> Callable[[], None]:
    """What says in another process, or on another machine, how these are reached.

    Args:
        texts: paths and URLs; see `reach_files`, which said it here.
    """
    url = next((Url(text) for text in texts if is_url(text) and Url(text).scheme == "s3"), None)
    if url is None:
        from kinesis_cli.parts.job import reach_as_usual

        return reach_as_usual
    from kinesis_cli.aws.bucket_files import reach_s3
    from kinesis_cli.places.services import file_system

    return partial(reach_s3, file_system(url).connection)


def reach_files_beside(connection: "Connection") -> None:
    """Say that s3:// is where everything else of the command is."""
    from kinesis_cli.places.services import reach_by

    def buckets() -> "BucketFileSystem":
        from kinesis_cli.aws.bucket_files import BucketFileSystem

        return BucketFileSystem(connection)

    reach_by("s3", buckets)


def _buckets(s3: str | None, target: Mapping[str, str | None]) -> "BucketFileSystem":
    from kinesis_cli.aws.bucket_files import BucketFileSystem
    from kinesis_cli.local.client.connection import connect_to_s3
    from kinesis_cli.project.settings import read_settings

    return BucketFileSystem(connect_to_s3(read_settings(target), s3))
