"""How `sam build` would make a function's code, where kcli can do that, too.

Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-using-build-typescript.html
"""

from collections.abc import Mapping

from kinesis_cli.project.functions.context import Reading


def esbuild_properties(reading: Reading) -> Mapping[str, object] | None:
    """The properties of a function that esbuild bundles; None: another one."""
    resource = reading.template.resource(reading.logical_id) or {}
    metadata = resource.get("Metadata")
    if not isinstance(metadata, Mapping) or metadata.get("BuildMethod") != "esbuild":
        return None
    properties = reading.template.resolve(metadata.get("BuildProperties"))
    return properties if isinstance(properties, Mapping) else {}
