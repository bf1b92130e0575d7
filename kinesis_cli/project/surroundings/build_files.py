"""Build files of languages: whether they say that a project has a Lambda function.

Such a project can have no template at all. Each language then has a way to build the function, and
a form of `--handler` that names what was built.
"""

import json
import re
import shlex
from pathlib import Path

import msgspec

from kinesis_cli.project.surroundings.files import MAX_SIZE, handler_below


class BuildFile(msgspec.Struct, frozen=True):
    """A build file, and the libraries that functions need."""

    tool: str
    markers: tuple[str, ...]
    libraries: tuple[str, ...]


NPM = "npm"
BUILD_FILES = (
    BuildFile(NPM, ("package.json",), ()),  # read as JSON
    BuildFile("Go", ("go.mod", "Gopkg.lock", "main.go"), ("aws-lambda-go",)),
    BuildFile("Cargo", ("Cargo.toml",), ("lambda_runtime", "lambda-runtime")),
    BuildFile("Maven", ("pom.xml",), ("aws-lambda-java",)),
    BuildFile(
        "Gradle", ("build.gradle", "build.gradle.kts"), ("aws-lambda-java", "micronaut-function")
    ),
    BuildFile("sbt", ("build.sbt",), ("aws-lambda-java",)),
    BuildFile(".NET", ("*.csproj", "*.fsproj"), ("Amazon.Lambda.",)),
)

# What a package.json depends on where it has a Lambda function.
_LAMBDA_PACKAGES = (
    "@types/aws-lambda",
    "aws-lambda",
    "aws-lambda-ric",
    "@aws-lambda-powertools/",
    "@middy/",
    "serverless",
    "aws-cdk",
    "sst",
)


def has_lambda(tool: str, file: Path) -> bool:
    """Whether the project of a build file has a Lambda function; of another file: yes."""
    found = next((each for each in BUILD_FILES if each.tool == tool), None)
    if found is None:
        return True
    if tool == NPM:
        return _depends_on_lambda(file)
    try:
        text = file.read_text("utf-8", "replace") if file.stat().st_size <= MAX_SIZE else ""
    except OSError:
        return False
    return any(library in text for library in found.libraries)


def _depends_on_lambda(package: Path) -> bool:
    try:
        document = json.loads(package.read_text("utf-8-sig"))
        names = [
            name
            for section in ("dependencies", "devDependencies")
            for name in document.get(section, {})
        ]
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return False
    return any(str(name).startswith(_LAMBDA_PACKAGES) for name in names)


def how_to_run(tool: str, file: Path) -> str:
    """How the function of a project without a template is built and named; "": not known."""
    match tool:
        case "npm":
            handler = handler_below(file.parent) or "FILE.js:function"
            return f"Without one, name its handler with --handler {shlex.quote(handler)}."
        case "Go":
            return (
                "Without one, `go build -o bootstrap .` builds it, and --handler ./bootstrap "
                "names it."
            )
        case "Cargo":
            executable = f"target/release/{_name_of_crate(file)}"
            return (
                f"Without one, `cargo build --release` builds it, and --handler {executable} "
                "names it."
            )
        case "Maven":
            return (
                "Without one, `mvn package dependency:copy-dependencies` builds it, and --handler "
                "package.Class::method names it."
            )
        case "Gradle" | "sbt":
            return "Build it, and name its class and method with --handler package.Class::method."
    return ""


def _name_of_crate(file: Path) -> str:
    """What cargo calls the executable of a crate."""
    text = file.read_text("utf-8", "replace")
    for section in (r"\[\[bin\]\]", r"\[package\]"):
        if match := re.search(rf'^{section}[^\[]*?^name *= *"([\w-]+)"', text, re.M | re.S):
            return match[1]
    return "NAME"
