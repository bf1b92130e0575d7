"""Java: AWS's runtime client from the class path of the project.

Source: https://github.com/aws/aws-lambda-java-libs/tree/main/aws-lambda-java-runtime-interface-client
"""

import platform
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.handlers.isolated.runtimes.command import RuntimeCommand
from kinesis_cli.project.function import Function
from kinesis_cli.project.functions.code_cache import folder_of_zip

_CLIENT = "com/amazonaws/services/lambda/runtime/api/client/AWSLambda.class"
_MAIN = _CLIENT.removesuffix(".class").replace("/", ".")
_NATIVE = "com.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient.JNI"
_JAR = re.compile(r"aws-lambda-java-runtime-interface-client-(.+)\.jar")

# Where classes and the jars beside them are: as `sam build` leaves them, then Maven's and Gradle's.
_PLACES = (
    (".", "lib"),
    ("target/classes", "target/dependency"),
    ("build/classes/java/main", "build/dependencies"),
)
_GROUP = "com.amazonaws"
_ARTIFACT = "aws-lambda-java-runtime-interface-client"
_WITH_CLIENT = ("aws-lambda-java-core", "aws-lambda-java-serialization")  # what it needs itself
_FETCH = f"mvn dependency:get -Dartifact={_GROUP}:{_ARTIFACT}:2.10.1"


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
        arguments=(
            *(java, *_flags(function), *_native_library(class_path)),
            *("-cp", class_path, _MAIN, function.handler),
        ),
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
    places = []
    for compiled, libraries in _PLACES:
        jars = sorted((code / libraries).glob("*.jar")) + sorted((code / compiled).glob("*.jar"))
        places.append((code / compiled, jars + of_layers))
    for classes, jars in places:
        if (client := _client(classes, jars)) is not None:
            return ":".join(map(str, (classes, *jars))), client
    if fetched := _fetched():
        built = [each for each in places if each[0].is_dir()]
        classes, jars = next((each for each in reversed(built) if _has_code(*each)), places[0])
        return ":".join(map(str, (classes, *jars, *fetched))), _client(classes, fetched) or ""
    raise InputError(
        "AWS's runtime client for Java is not on the class path",
        place=str(code),
        advice=f"`{_FETCH}` brings it for all projects of this machine, or add {_GROUP}:"
        f"{_ARTIFACT} to the project's dependencies and build it; else name what starts the "
        "function with --runtime-command.",
    )


def _has_code(classes: Path, jars: list[Path]) -> bool:
    return bool(jars) or any(classes.rglob("*.class"))


def _fetched() -> list[Path]:
    """The newest client in Maven's own store on this machine, and what it needs.

    Source: https://maven.apache.org/guides/introduction/introduction-to-repositories.html
    """
    group = Path.home() / ".m2" / "repository" / Path(*_GROUP.split("."))
    found = [_newest(group / name) for name in (_ARTIFACT, *_WITH_CLIENT)]
    return [jar for jar in found if jar] if found[0] else []


def _newest(artifact: Path) -> Path | None:
    """The jar of an artifact's newest release in a store."""
    jars = artifact.glob(f"*/{artifact.name}-*.jar")
    own = [jar for jar in jars if jar.stem == f"{artifact.name}-{jar.parent.name}"]
    return max(own, key=lambda jar: _numbers(jar.parent.name), default=None)


def _numbers(version: str) -> list[int]:
    return [int(each) for each in re.findall(r"\d+", version)]


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


def _native_library(class_path: str) -> Iterator[str]:
    """Name the client's own library, unpacked once.

    Else each process unpacks it anew to the one path /tmp/.libaws-lambda-jni.so, and of two that
    start at the same time one may find it gone.

    Source: JniHelper.java of the runtime interface client
    """
    jar = next(
        (each for each in map(Path, class_path.split(":")) if _JAR.fullmatch(each.name)), None
    )
    if jar is None:
        return
    libc = "" if platform.libc_ver()[0] == "glibc" else "_musl"
    machine = {"aarch64": "aarch_64"}.get(platform.machine(), platform.machine())
    folder = folder_of_zip(jar, "AWS's runtime client for Java")
    library = folder / "jni" / f"libaws-lambda-jni.linux{libc}-{machine}.so"
    if library.is_file():
        yield f"-D{_NATIVE}={library}"


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
