"""Shell completion for bash, zsh and fish.

The shell calls ``kcli`` with the words typed so far in its environment. What may follow is read
from `completions.json`, made by ``make docs`` and checked by a test, so that a press of TAB loads
neither a command nor typer.
"""

import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypedDict

from kinesis_cli.errors import InputError

BASH = """\
_kcli_completion() {
    local IFS=$'\\n'
    COMPREPLY=( $(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD \\
                      _KCLI_COMPLETE=complete_bash "$1") )
}
complete -o default -F _kcli_completion kcli
"""

ZSH = """\
#compdef kcli
_kcli_completion() {
    local -a found
    found=("${(@f)$(env COMP_WORDS="${(F)words}" COMP_CWORD=$((CURRENT - 1)) \\
                        _KCLI_COMPLETE=complete_zsh kcli)}")
    if [[ -n "$found" ]]; then _describe kcli found; else _files; fi
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
compdef _kcli_completion kcli
"""

FISH = """\
function _kcli_completion
    set -l found (env COMP_WORDS=(commandline -cp | string collect) \\
                      _KCLI_COMPLETE=complete_fish kcli)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete --command kcli --no-files --arguments '(_kcli_completion)'
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}

COMPLETIONS = Path(__file__).with_name("completions.json")

Candidate = tuple[str, str]  # what may be typed, and what it means


def answer(
    environment: Mapping[str, str], commands: Mapping[str, str], options: Mapping[str, str]
) -> int:
    """Print what may be typed next, as the asking shell reads it. No answer means: a file name."""
    # "complete_bash" as typer's scripts say it, "bash_complete" as click's do
    shell = environment["_KCLI_COMPLETE"].replace("complete", "").strip("_")
    words, incomplete = _words(environment)
    prefix = ""
    if incomplete.startswith("--") and "=" in incomplete:
        option, _, incomplete = incomplete.partition("=")
        words, prefix = [*words, option], f"{option}="
    if words:
        of_command = words[0] in commands
        candidates = list(_of_command(words[0], words[1:], incomplete)) if of_command else []
    elif incomplete.startswith("-"):
        candidates = list(options.items())
    else:
        candidates = list(commands.items())
    for value, meaning in candidates:
        if value.startswith(incomplete):
            sys.stdout.write(_line(shell, prefix + value, meaning) + "\n")
    return 0


def _words(environment: Mapping[str, str]) -> tuple[list[str], str]:
    """The complete words after ``kcli``, and the word that is being typed."""
    typed = environment.get("COMP_WORDS") or environment.get("_TYPER_COMPLETE_ARGS", "")
    words = _split(typed)
    if position := environment.get("COMP_CWORD"):
        at = int(position)
    else:
        at = len(words) - (0 if typed[-1:].isspace() else 1)
    incomplete = words[at] if at < len(words) else ""
    # bash splits `--output=js` in three
    return [word for word in words[1:at] if word != "="], "" if incomplete == "=" else incomplete


def _split(typed: str) -> list[str]:
    lexer = shlex.shlex(typed, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    try:
        words.extend(iter(lexer.get_token, None))
    except ValueError:  # an open quote: the word is still being typed
        words.append(lexer.token)
    return words


def _line(shell: str, value: str, meaning: str) -> str:
    meaning = " ".join(meaning.split())
    match shell:
        case "zsh" if meaning:
            return f"{value.replace(':', chr(92) + ':')}:{meaning}"
        case "fish" if meaning:
            return f"{value}\t{meaning}"
        case _:
            return value


class OptionWords(TypedDict):
    """What can be typed for one option of a command; without names: for its argument."""

    names: list[str]  # ["--bisect-batch-on-function-error", "--no-bisect-…"]
    help: str
    takes_value: bool
    choices: list[str]  # its values, where they are known
    repeatable: bool


def _of_command(name: str, words: list[str], incomplete: str) -> Iterator[Candidate]:
    known = _options()
    if subcommands := [key.partition(" ")[2] for key in known if key.startswith(f"{name} ")]:
        chosen = next((word for word in words if word in subcommands), None)
        if chosen is None:
            if not incomplete.startswith("-"):
                yield from ((subcommand, "") for subcommand in subcommands)
            return
        name = f"{name} {chosen}"
    options = known[name]
    if incomplete.startswith("-"):
        for option in options:
            if option["repeatable"] or not set(option["names"]) & set(words):
                yield from ((option_name, option["help"]) for option_name in option["names"])
    elif given := next(_expecting(options, words[-1:]), None):
        yield from ((choice, "") for choice in given["choices"])
    else:
        arguments = (option for option in options if not option["names"])
        yield from ((choice, "") for option in arguments for choice in option["choices"])


def _expecting(options: list[OptionWords], last: list[str]) -> Iterator[OptionWords]:
    """The option whose value is being typed."""
    return (each for each in options if each["takes_value"] and {*last} & {*each["names"]})


def _options() -> dict[str, list[OptionWords]]:
    import json

    with COMPLETIONS.open() as file:
        options: dict[str, list[OptionWords]] = json.load(file)
        return options


def show(shell: list[str]) -> None:
    """Print the completion script.

    Raises:
        InputError: the shell is not known.
    """
    sys.stdout.write(SCRIPTS[_shell(shell)])


def install(shell: list[str]) -> None:
    """Write the completion script where the shell finds it, and say where.

    Raises:
        InputError: the shell is not known, or a file cannot be written.
    """
    name = _shell(shell)
    home = Path.home()
    if name == "fish":
        configuration = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
        script = configuration / "fish" / "completions" / "kcli.fish"
        start = None
    else:
        data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
        script = data / "kcli" / f"completion.{name}"
        start = home / f".{name}rc"
    try:
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(SCRIPTS[name])
        if start:
            _append_once(start, f"source {shlex.quote(str(script))}")
    except OSError as error:
        raise InputError(
            f"cannot be written: {error.strerror}", place=str(error.filename or script)
        ) from error
    where = f"{script}, sourced from {start}" if start else str(script)
    sys.stdout.write(f"Completion for {name} is in {where}; open a new shell to use it.\n")


def _append_once(file: Path, line: str) -> None:
    text = file.read_text() if file.exists() else ""
    if line not in text.splitlines():
        with file.open("a") as end:
            end.write(f"{'' if text.endswith(chr(10)) or not text else chr(10)}{line}\n")


def _shell(argument: list[str]) -> str:
    name = argument[0] if argument else Path(os.environ.get("SHELL", "")).name
    if name not in SCRIPTS:
        found = f"'{name}' is not one of them" if re.search(r"\S", name) else "SHELL names none"
        raise InputError(
            f"completion is made for {', '.join(SCRIPTS)}, and {found}",
            advice="Name the shell: `kcli --show-completion bash`.",
        )
    return name
