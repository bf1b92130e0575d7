"""The layers of a template's function: folders on this machine, and a word on the others.

Source: https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
"""

import re
from collections.abc import Mapping
from pathlib import Path

from kinesis_cli.project.functions.code_cache import folder_of_zip
from kinesis_cli.project.functions.context import Reading
from kinesis_cli.project.functions.sam_build import built_folder
from kinesis_cli.project.template.values import Unresolved

_LAYERS = ("AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion")

# Public layers whose package is known, by what their name begins with.
_PACKAGES = {
    "AWSLambdaPowertoolsPython": "'aws-lambda-powertools[all]'",
    "AWSLambdaPowertoolsTypeScript": "@aws-lambda-powertools/logger and its neighbours",
    "AWSSDKPandas-Python": "awswrangler",
    "AWSDataWrangler-Python": "awswrangler",
}
_KLAYERS = re.compile(r"Klayers-(?:p3\d+|python3\d+)(?:-arm64)?-(.+)")
# These bring no module that a handler imports.
_EXTENSIONS = ("LambdaInsightsExtension", "AWS-Parameters-and-Secrets-Lambda-Extension")


def layers_of(reading: Reading, *, build: bool) -> tuple[Path, ...]:
    """The folders of a function's local layers, in the order in which they are unpacked.

    Args:
        reading: of the function; told of the layers that are not here.
        build: whether what `sam build` has made is used.
    """
    written = reading.template.choose(reading.properties.get("Layers"))
    found = []
    for each in written if isinstance(written, list) else ():
        folder = _local(reading, each, build=build)
        if folder is not None:
            found.append(folder)
        else:
            reading.note(_elsewhere(reading, each))
    return tuple(found)


def _local(reading: Reading, written: object, *, build: bool) -> Path | None:
    """The folder of a layer of the template itself; None: its content is not on this machine."""
    match reading.template.choose(written):
        case {"Ref": str(logical_id)}:
            resource = reading.template.resource(logical_id)
        case _:
            return None
    if resource is None or resource.get("Type") not in _LAYERS:
        return None
    metadata, properties = resource.get("Metadata"), resource.get("Properties")
    asset = metadata.get("aws:asset:path") if isinstance(metadata, Mapping) else None
    member = "ContentUri" if resource["Type"] == _LAYERS[0] else "Content"
    raw = properties.get(member) if isinstance(properties, Mapping) else None
    content = asset or reading.template.resolve(raw)
    if not isinstance(content, str) or content.startswith("s3://"):
        return None
    path = (reading.template.path.parent / content).resolve()
    if build and (built := built_folder(reading, logical_id, path)):
        return built
    if path.is_file() and path.suffix == ".zip":
        return folder_of_zip(path, f"{reading.template.path}, {logical_id}")
    return path if path.is_dir() else None


def _elsewhere(reading: Reading, written: object) -> str:
    """What to say of a layer whose content is not here."""
    resolved = reading.template.resolve(written)
    if not isinstance(resolved, str):
        reason = f": {resolved.reason}" if isinstance(resolved, Unresolved) else ""
        return f"a layer is not on the path{reason}."
    name = resolved.split(":")[6] if resolved.count(":") >= 6 else resolved
    if name.startswith(_EXTENSIONS):
        return f"the layer {name} is an extension, and is left out."
    known = (package for prefix, package in _PACKAGES.items() if name.startswith(prefix))
    klayer = _KLAYERS.fullmatch(name)
    package = next(known, klayer[1] if klayer else None)
    if package is None:
        return (
            f"the layer {name} is not on this machine: what it brings must be installed in the "
            "function's environment."
        )
    return (
        f"the layer {name} is on AWS: install {package} in the function's environment, unless it "
        "is there."
    )
