"""Finding and reading the files in which a project says what it is."""

import os
import stat
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from kinesis_cli.errors import InputError, InputErrors
from kinesis_cli.places.whole_files import read_whole_text
from kinesis_cli.project.loading import load_toml, load_yaml


def bundled_template() -> Path:
    """The template of the function that kcli ships: in the wheel, or in a checkout of kcli."""
    package = Path(__file__).resolve().parent.parent
    in_wheel = package / "_bundled" / "template.yaml"
    return in_wheel if in_wheel.is_file() else package.parent / "template.yaml"


def refuse_strangers(file: Path, advice: str) -> None:
    """Refuse a file that was found, not named, and that somebody else may have put there.

    The code that it names would run as whoever calls kcli. git does the same:
    https://git-scm.com/docs/git-config#Documentation/git-config.txt-safedirectory

    Args:
        file: a template, settings, or the file that gives a project away.
        advice: what to do where it is trusted.

    Raises:
        InputError: it, or its folder, belongs to neither this user nor root. Root, whom a container
            makes of everybody, is refused only what anybody may write.
    """
    if not isinstance(owner := _stranger(file), int):
        return
    raise InputError(
        f"it was found, not named, and belongs to {_name_of(owner)}; its code would run as you",
        place=str(file),
        advice=advice,
    )


def _stranger(file: Path) -> int | None:
    """Whose a file or its folder is, of those who are not trusted."""
    user = os.geteuid()
    trusted = {0, user}
    if user == 0 and (caller := os.environ.get("SUDO_UID", "")).isdecimal():
        trusted.add(int(caller))  # `sudo kcli` in one's own project
    if user == 0 and not file.parent.stat().st_mode & stat.S_IWOTH:
        return None
    owners = (each.stat().st_uid for each in (file, file.parent))
    return next((owner for owner in owners if owner not in trusted), None)


def _name_of(owner: int) -> str:
    import pwd

    try:
        return f"the user {pwd.getpwuid(owner).pw_name}"
    except KeyError:
        return f"the user {owner}"


def read_toml(file: Path) -> Mapping[str, object]:
    """A TOML file.

    Raises:
        InputError: it cannot be read, or is not TOML.
    """
    return _parsed(_text(file), str(file))


def read_own_table(file: Path) -> Mapping[str, object] | None:
    """Read kcli's settings in a file: kcli.toml's top level, pyproject.toml's [tool.kcli].

    Returns:
        None where the file has no such table.

    Raises:
        InputError: the file cannot be read, or is not TOML.
    """
    text = _text(file)
    if file.name == "kcli.toml":
        return _parsed(text, str(file))
    if not _may_have_own_table(text):
        return None
    tool = _parsed(text, str(file)).get("tool")
    table = tool.get("kcli") if isinstance(tool, Mapping) else None
    return table if isinstance(table, Mapping) else None


@lru_cache(maxsize=4)  # several ask for the same file; keyed by its text, so never stale
def _parsed(text: str, place: str) -> Mapping[str, object]:
    return load_toml(text, place)


def _may_have_own_table(text: str) -> bool:
    """Whether [tool.kcli] may be in a text of TOML. Parsing in vain would be 3 % of the start-up.

    It has to be written in one of these ways; where it only looks so, the parser decides.
    """
    squeezed = text.translate(dict.fromkeys(map(ord, " \t\"'")))
    ways = ("tool.kcli", "[tool]", "tool={", "\\u", "\\U")  # the last two: an escape within a name
    return any(each in squeezed for each in ways)


def read_yaml(file: Path) -> Mapping[str, object]:
    """A YAML file that holds a mapping.

    Raises:
        InputError: it cannot be read, is not YAML, or holds something else.
    """
    document = load_yaml(_text(file), file)
    if not isinstance(document, Mapping):
        raise InputError("holds no mapping", place=str(file))
    return document


def _text(file: Path) -> str:
    with InputErrors(file):
        return read_whole_text(file)
