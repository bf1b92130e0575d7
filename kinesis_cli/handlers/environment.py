"""The environment variables and the working directory that Lambda gives a function.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
"""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.project.function import Function
from kinesis_cli.project.template.values import region

_LOGGING = ("AWS_LAMBDA_LOG_LEVEL", "AWS_LAMBDA_LOG_FORMAT")

# What belongs to the machine. All else that the shell has is unknown to the deployed function, and
# so to a process of its own, unless `--env-from-shell` asks for it.
_OF_THE_MACHINE = frozenset(
    {"HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "TMPDIR"}
    | {"AWS_CA_BUNDLE", "PYTHONDONTWRITEBYTECODE"}
    | {"ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE"}
)
_PREFIXES_OF_THE_MACHINE = ("LC_", "SSL_")
# Which say who calls AWS, and where. `Function.aws` may stand in for them.
_PREFIX_OF_AWS = "AWS_"


def process_variables(function: Function) -> dict[str, str]:
    """The whole environment of a process of the function's own."""
    variables = {name: value for name, value in os.environ.items() if _is_passed(name, function)}
    return {**variables, **(function.aws or {}), **lambda_variables(function)}


def hidden_variables(function: Function) -> list[str]:
    """The shell's variables that a function in kcli's own process must not see.

    All others are there: the process is the shell's child.
    """
    if function.aws is None:
        return []
    names = (name for name in os.environ if name.startswith(_PREFIX_OF_AWS))
    return [name for name in names if not _is_passed(name, function)]


def _is_passed(name: str, function: Function) -> bool:
    if name.upper() in _OF_THE_MACHINE:
        return True
    if name.startswith(_PREFIX_OF_AWS):
        return function.aws is None
    if function.env_from_shell:
        return True
    return name.startswith(_PREFIXES_OF_THE_MACHINE)


def layer_path(function: Function, version: Sequence[int]) -> list[str]:
    """The folders of the layers where Python looks for modules; of two layers the later one wins.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
    """
    release = f"python{version[0]}.{version[1]}"
    inside = (f"python/lib/{release}/site-packages", "python")
    folders = [layer / below for below in inside for layer in reversed(function.layers)]
    return [str(folder) for folder in folders if folder.is_dir()]


def _layer_variables(function: Function) -> dict[str, str]:
    """What makes programs find a layer's commands, libraries and Node.js modules.

    On Lambda layers are unpacked in /opt; here each stays where it is.
    """
    variables = {}
    for name, below in (("PATH", "bin"), ("LD_LIBRARY_PATH", "lib")):
        folders = [str(layer / below) for layer in function.layers if (layer / below).is_dir()]
        if folders:
            before = [os.environ[name]] if os.environ.get(name) else []
            variables[name] = os.pathsep.join([*reversed(folders), *before])
    modules = [layer / "nodejs" / "node_modules" for layer in reversed(function.layers)]
    if folders := [str(folder) for folder in modules if folder.is_dir()]:
        variables["NODE_PATH"] = os.pathsep.join(folders)
    return variables


def lambda_variables(function: Function) -> dict[str, str]:
    """Lambda's own variables, overlaid with those of the function."""
    return {
        "AWS_DEFAULT_REGION": region(),
        **_execution_environment(function),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "$LATEST",
        "AWS_REGION": region(),
        "LAMBDA_TASK_ROOT": str(function.code_uri),
        "TZ": ":UTC",
        "_HANDLER": function.handler,
        # not sampled, so that no tracing library sends anything
        "_X_AMZN_TRACE_ID": "Root=1-00000000-000000000000000000000000;Sampled=0",
        **_layer_variables(function),
        **function.environment,
        # the shell's word on logging wins, so that one run can be made quiet or talkative
        **{name: os.environ[name] for name in _LOGGING if name in os.environ},
    }


def _execution_environment(function: Function) -> dict[str, str]:
    """The runtime's name. There is none for an executable that is its own runtime."""
    if function.runtime.startswith("provided"):
        return {}
    version = function.interpreter.version if function.interpreter else sys.version_info
    python = f"python{version[0]}.{version[1]}"
    runtime = python if function.is_python else function.runtime
    return {"AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}"}


class Environment:
    """Variables and a working directory that are in force between `enter` and `leave`.

    `os.environ` is overlaid through its dictionary of encoded values, which is 10 times as fast as
    assigning: this happens at every call. The process's own copy, which only subprocesses and C
    libraries read, has the variables from the beginning until `close`.
    """

    def __init__(
        self,
        variables: Mapping[str, str],
        directory: Path | None,
        hidden: Sequence[str] = (),
    ) -> None:
        self._hidden = tuple(os.fsencode(name) for name in hidden if name not in variables)
        self._process: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]
        self._inside: dict[bytes, bytes] = {
            os.fsencode(name): os.fsencode(value) for name, value in variables.items()
        }
        self._names = tuple(self._inside)
        self._outside = {name: self._process.get(name) for name in self._inside}
        outer_zone = _zone()
        for name, value in self._inside.items():
            _put(name, value)
        time.tzset()
        self._zones_differ = _zone() != outer_zone
        self._directory = directory if directory is not None and directory.is_dir() else None
        self._outer_directory = ""
        self._use_zone(self._outside.get(b"TZ"))

    def enter(self) -> None:
        """The function's environment is in force."""
        process = self._process
        self._outside = {name: process.get(name) for name in self._inside}
        for name in self._hidden:
            self._outside[name] = process.pop(name, None)
        process.update(self._inside)
        if self._directory is not None:
            self._outer_directory = _working_directory()
            os.chdir(self._directory)
        self._use_zone(self._inside.get(b"TZ"))

    def leave(self) -> None:
        """The environment is as it was. What the function changed is there in its next call."""
        process, inside = self._process, self._inside
        for name, value in self._outside.items():
            changed = process.pop(name, None)
            if changed is None:
                inside.pop(name, None)
            else:
                inside[name] = changed
            if value is not None:
                process[name] = value
        if self._outer_directory:
            os.chdir(self._outer_directory)
        self._use_zone(self._outside.get(b"TZ"))

    def close(self) -> None:
        """Take the variables out of the process's own copy, too."""
        for name in self._names:
            value = self._process.get(name)
            if value is None:
                os.unsetenv(name)
            else:
                os.putenv(name, value)
        time.tzset()

    def _use_zone(self, zone: bytes | None) -> None:
        if not self._zones_differ:
            return
        if zone is None:
            os.unsetenv(b"TZ")
        else:
            os.putenv(b"TZ", zone)
        time.tzset()


# Only to go there, which needs no permission to read, on Linux.
_PLACE = os.O_DIRECTORY | getattr(os, "O_PATH", os.O_RDONLY)


class LastingEnvironment(Environment):
    """The same where nobody but kcli runs between calls: two environments that change places.

    A call then costs two system calls instead of three, and nothing for each variable.
    """

    def __init__(
        self,
        variables: Mapping[str, str],
        directory: Path | None,
        hidden: Sequence[str] = (),
    ) -> None:
        super().__init__(variables, directory, hidden)
        self._own: dict[bytes, bytes] | None = None  # all variables of the function
        self._places: tuple[int, int] | None = None  # the function's directory, and the outer one

    def enter(self) -> None:
        """The function's environment is in force."""
        if self._own is None:
            super().enter()
            self._own = dict(self._process)
            super().leave()
            self._places = self._opened()
        self._show(self._own)
        if self._places is not None:
            os.fchdir(self._places[0])
        self._use_zone(self._own.get(b"TZ"))

    def leave(self) -> None:
        """The environment is as it was. What the function changed is there in its next call."""
        self._show(self._process)
        if self._places is not None:
            os.fchdir(self._places[1])
        self._use_zone(self._process.get(b"TZ"))

    def close(self) -> None:
        """Give the directories back, too."""
        super().close()
        for place in self._places or ():
            os.close(place)
        self._places = None

    def _show(self, variables: dict[bytes, bytes]) -> None:
        os.environ._data = os.environb._data = variables  # type: ignore[attr-defined]

    def _opened(self) -> tuple[int, int] | None:
        if self._directory is None:
            return None
        try:
            outer = os.open(".", _PLACE)
        except OSError:  # it was deleted; there is no way back to it
            os.chdir(self._directory)
            return None
        return os.open(self._directory, _PLACE), outer


def _put(name: bytes, value: bytes) -> None:
    try:
        os.putenv(name, value)
    except ValueError as error:
        raise InputError(
            f"the environment variable {os.fsdecode(name)!r} cannot be set: {error}"
        ) from error


def _working_directory() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - a string is what chdir wants, at every call
    except FileNotFoundError:
        return ""  # it was deleted; there is no way back to it


def _zone() -> tuple[object, ...]:
    return time.tzname, time.timezone, time.altzone
