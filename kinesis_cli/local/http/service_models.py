"""The models of AWS's services that botocore brings along, as it has them in its files."""

import gzip
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec


def service_model(service: str, version: str) -> dict[str, Any]:
    """Read a service's model of the installed botocore, which need not be imported for that.

    Args:
        service: botocore's name, "kinesis".
        version: of the API, "2013-12-02".

    Raises:
        InputError: botocore is not installed.
    """
    package = find_spec("botocore")
    if package is None or package.origin is None:
        from kinesis_cli.installation import missing_extra

        raise missing_extra("local", "the local stream", "botocore")
    file = Path(package.origin).parent / "data" / service / version / "service-2.json.gz"
    model: dict[str, Any] = msgspec.json.decode(gzip.decompress(file.read_bytes()))
    return model
