"""Java: AWS's runtime client from the class path of the project.

Source: https://github.com/aws/aws-lambda-java-libs/tree/main/aws-lambda-java-runtime-interface-client
"""

import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.handlers.isolated.runtimes.command import RuntimeCommand
from kinesis_cli.project.function import Function

_CLIENT = "com/amazonaws/services/lambda/runtime/api/client/AWSLambda.class"
_MAIN = _CLIENT.removesuffix(".class").replace("/", ".")
_JAR = re.compile(r"aws-lambda-java-runtime-interface-client-(.+)\.jar")

# Where classes and the jars beside them are: as `sam build` leaves them, then Maven's and Gradle's.
_PLACES = (
    (".", "lib"),
    ("target/classes", "target/dependency"),
    ("build/classes/java/main", "build/dependencies"),
)


def java_command(function: Function) -> RuntimeCommand:
    """`java` with AWS's runtime client.

    Raises:
        InputError: there is no Java, or the client is not on the project's class path.
    """
    java = shutil.which("java")
    if java is None:
        raise InputError(
            "there is no Java on this machine",
            advice="Install a JDK, and see that `java` is there.",
        )
    class_path, client = _class_path(function)
    release = _release(java)
    return RuntimeCommand(
        arguments=(java, *_flags(function), "-cp", class_path, _MAIN, function.handler),
        directory=function.code_uri,
        name=f"Java {release}",
        version=f"java:{release}",
        client=client,
        notes=tuple(_notes(function.runtime, release)),
    )


def _class_path(function: Function) -> tuple[str, str]:
    """The class path that has the client, and the client's name."""
    code = function.code_uri
    of_layers = [jar for each in function.layers for jar in sorted(each.glob("java/lib/*.jar"))]
    for classes, libraries in _PLACES:
        folder = code / libraries
        jars = sorted(folder.glob("*.jar")) + sorted((code / classes).glob("*.jar"))
        jars += of_layers
        if (client := _client((code / classes), jars)) is not None:
            return ":".join(map(str, (code / classes, *jars))), client
    raise InputError(
        "AWS's runtime client for Java is not on the class path",
        place=str(code),
        advice="Add com.amazonaws:aws-lambda-java-runtime-interface-client to the project's "
        "dependencies and build it (sam build, or mvn package dependency:copy-dependencies), or "
        "name what starts the function with --runtime-command.",
    )


def _client(classes: Path, jars: list[Path]) -> str | None:
    for jar in jars:
        if match := _JAR.fullmatch(jar.name):
            return f"aws-lambda-java-runtime-interface-client-{match[1]}"
    if (classes / _CLIENT).is_file() or any(map(_contains_client, jars)):
        return "aws-lambda-java-runtime-interface-client"
    return None


def _contains_client(jar: Path) -> bool:
    """Whether a jar of several libraries has it."""
    try:
        with zipfile.ZipFile(jar) as archive:
            return _CLIENT in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def _flags(function: Function) -> Iterator[str]:
    """What Lambda starts Java with.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/java-customization.html
    """
    # UNSURE(java-memory): the share of the heap, as users have seen it on Lambda
    yield f"-XX:MaxHeapSize={function.memory_size * 1024 * 85 // 100}k"
    yield from ("-XX:+UseSerialGC", "-XX:+TieredCompilation", "-XX:TieredStopAtLevel=1")


def _release(java: str) -> str:
    """The version of Java, from the file beside it, which is quicker than asking it."""
    try:
        described = (Path(java).resolve().parent.parent / "release").read_text()
    except OSError:
        asked = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
        described = asked.stderr
    match = re.search(r'"(\d+[^"]*)"', described[described.find("JAVA_VERSION=") + 1 :])
    return match[1] if match else "of an unknown version"


def _notes(runtime: str, release: str) -> Iterator[str]:
    wanted = re.match(r"java(\d+)", runtime)
    if wanted and wanted[1] != release.removeprefix("1.").split(".")[0]:
        yield f"The template says {runtime}, and the Java here is {release}."
