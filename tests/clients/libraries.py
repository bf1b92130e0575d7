"""The client libraries that run against `kcli local`, each as a program in a folder beside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.language_builds import GO_BUILD, Sources

HERE = Path(__file__).parent
Environments = Callable[..., Path]


@dataclass(frozen=True)
class Library:
    """A client library, and how its program is started."""

    id: str
    name: str  # as docs/local.md has it
    command: Callable[[Environments], Sequence[str]]  # builds it; or skips the test
    readers: Sequence[str] = ("poll", "fan-out")
    options: Sequence[str] = ()  # of `kcli local start`
    aggregates: bool = False  # and puts them again where shards change
    measures: bool = False  # puts a metric when told
    # Why it must have read everything before the shards change or the server goes; "": it need not.
    waits_because: str = ""
    builds_long: bool = False  # its SDK takes minutes of a core: in `make soak` only


def _sources(folder: str, **how: object) -> Path:
    """A program, built."""
    return Sources(f"client-{folder}", source=HERE / folder, **how).folder()  # type: ignore[arg-type]


def _javascript(_: Environments) -> Sequence[str]:
    folder = _sources("javascript", tools=["node", "npm"], fetch=["npm", "ci", "--silent"])
    return ["node", str(folder / "client.js")]


def _go(_: Environments) -> Sequence[str]:
    folder = _sources(
        "go",
        tools=["go"],
        fetch=["go", "mod", "download"],
        build=lambda _: [[*GO_BUILD, "-o", "client", "."]],
    )
    return [str(folder / "client")]


def _rust(_: Environments) -> Sequence[str]:
    folder = _sources(
        "rust",
        tools=["cargo"],
        fetch=["cargo", "fetch", "--quiet"],
        build=lambda _: [["cargo", "build", "--quiet", "--offline"]],
    )
    return [str(folder / "target" / "debug" / "client")]


def _java(library: str) -> Callable[[Environments], Sequence[str]]:
    def command(_: Environments) -> Sequence[str]:
        folder = _sources(
            "java",
            tools=["javac", "mvn"],
            build=lambda _: [["mvn", "--quiet", "--batch-mode", "prepare-package"]],
        )
        code = f"{folder / 'target' / 'client'}:{folder / 'target' / 'lib' / '*'}"
        quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        return ["java", "-XX:TieredStopAtLevel=1", quiet, "-cp", code, "Client", library]

    return command


def _python(environment_with: Environments) -> Sequence[str]:
    program = HERE / "python" / "client.py"
    requirements = (HERE / "python" / "requirements.txt").read_text().split()
    return [str(environment_with("async-kinesis", *requirements) / "python"), str(program)]


LIBRARIES = (
    Library("javascript", "AWS SDK for JavaScript 3", _javascript),
    Library("go", "AWS SDK for Go 2", _go),
    Library("rust", "AWS SDK for Rust", _rust, measures=True, builds_long=True),
    Library("java", "AWS SDK for Java 2", _java("sdk")),
    Library("kcl", "KCL", _java("kcl")),
    Library(
        "kpl", "KPL, read by the KCL, by TLS", _java("kpl"), aggregates=True, options=["--tls"]
    ),
    Library(
        "python",
        "async-kinesis",
        _python,
        readers=["poll"],
        waits_because="it ignores AdjacentParentShardId, and never reads a shard that it begins "
        "while the server is away",
    ),
)
