"""The pages of the documentation by topic, in the order in which the site has them.

A topic is a page's name: `kcli docs local`. A rule of `kcli lint` is one, too: `kcli docs K003`.
"""

import re
from difflib import get_close_matches
from pathlib import Path

import msgspec

from kinesis_cli.errors import InputError

# A page that is not listed here is on no menu; a test compares the list with the folder.
GROUPS = {
    "Begin": {"Tutorial": "tutorial"},
    "How to": {
        "Take your own project": "your-project",
        "Get past a poison record": "poison-record",
        "Test with pytest": "testing",
        "Break a handler": "check",
        "Lint templates, in CI too": "lint",
        "Check in CI": "ci",
        "Choose BatchSize": "batch-size",
        "Replay production": "replay",
        "Handle aggregates of the KPL": "aggregates",
        "Run a stream on this machine": "local",
        "Use the stream of a DynamoDB table": "dynamodb-streams",
        "Use other languages": "languages",
        "Use files anywhere": "files-anywhere",
        "Record and replay at scale": "scale",
    },
    "Understand": {
        "What a mapping does": "mapping",
        "Worked examples": "simulate",
        "Reading a delivery": "reading-a-delivery",
        "How exact it is": "fidelity",
        "Beside other tools": "peers",
    },
    "Reference": {"Commands": "cli-reference", "JSON shapes": "json-shapes"},
}

_RULES = "lint"  # the page that has them
_RULE = re.compile(r"^### (K\d{3}) ", re.MULTILINE)


class Page(msgspec.Struct, frozen=True):
    """A page, or the part of one that is about a rule."""

    topic: str
    text: str  # Markdown
    address: str  # on the site: "local.html"


def topics() -> list[str]:
    """All pages, as the menu has them."""
    return [topic for pages in GROUPS.values() for topic in pages.values()]


def rules() -> list[str]:
    """The rules of `kcli lint`, each a topic of its own."""
    return _RULE.findall(_text(_RULES))


def page(topic: str) -> Page:
    """The page of a topic.

    Raises:
        InputError: there is none.
    """
    if topic in topics():
        return Page(topic, _text(topic), f"{topic}.html")
    if re.fullmatch(r"[Kk]\d{3}", topic) and (name := topic.upper()) in rules():
        return Page(name, _rule(name), f"{name}.html")
    known = [*topics(), *rules()]
    near = get_close_matches(topic, known, n=3, cutoff=0.5)
    near += [each for each in known if topic and topic.lower() in each and each not in near]
    named = f"Near it: {', '.join(f'`kcli docs {each}`' for each in near)}. " if near else ""
    raise InputError(f"there is no topic '{topic}'", advice=f"{named}`kcli docs` lists them.")


def _rule(name: str) -> str:
    """What the page of all rules says of one."""
    text = _text(_RULES)
    start = text.index(f"### {name} ")
    following = _RULE.search(text, start + 1)
    return text[start + 2 : following.start() if following else None]


def _text(topic: str) -> str:
    return (_folder() / f"{topic}.md").read_text(encoding="utf-8")


def _folder() -> Path:
    here = Path(__file__)
    in_wheel = here.with_name("pages")
    return in_wheel if in_wheel.is_dir() else here.parents[2] / "docs"
