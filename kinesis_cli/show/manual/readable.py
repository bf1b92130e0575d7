"""A page where there is no browser: links say where they lead, pictures what they show."""

import re
from collections.abc import Collection

_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", re.DOTALL)
_ROW = re.compile(r"^\|.*$", re.MULTILINE)
_FENCE = re.compile(r"^(```.*?^```[ \t]*$)", re.MULTILINE | re.DOTALL)
_BARE = re.compile(r"<(https?://[^>\s]+)>")
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)


def readable(markdown: str, topics: Collection[str], *, is_plain: bool) -> str:
    """Change Markdown so that its links and pictures mean something without a browser.

    Args:
        markdown: of kcli's own pages.
        topics: what links may lead to by `kcli docs`.
        is_plain: without colours, and without links that a terminal can open: the marks around
            code stay, and the addresses in tables stand below the page, by number.
    """
    prose = _Prose(topics, is_plain=is_plain)
    parts = _FENCE.split(_COMMENT.sub("", markdown))
    text = "".join(part if part.startswith("```") else prose.of(part) for part in parts)
    return text + prose.below()


class _Prose:
    """What is not code, part by part."""

    def __init__(self, topics: Collection[str], *, is_plain: bool) -> None:
        self._topics, self._is_plain = topics, is_plain
        self._addresses: list[str] = []  # of tables, by number

    def of(self, part: str) -> str:
        """A part."""
        if self._is_plain:
            part = _ROW.sub(lambda row: _LINK.sub(self._numbered, row[0]), part)
        part = _BARE.sub(r"\1", _LINK.sub(self._followed, part))
        return _CODE.sub(r"`` `\1` ``", part) if self._is_plain else part

    def below(self) -> str:
        """What stands below the page."""
        if not self._addresses:
            return ""
        lines = [f"[{number}] {address}" for number, address in enumerate(self._addresses, 1)]
        return "\n\n" + "\n\n".join(lines) + "\n"

    def _numbered(self, link: re.Match[str]) -> str:
        """A link in a table, whose address would fill its column."""
        picture, text, target = link.groups()
        if picture or "://" not in target:
            return link[0]
        if target not in self._addresses:
            self._addresses.append(target)
        return f"{text} [{self._addresses.index(target) + 1}]"

    def _followed(self, link: re.Match[str]) -> str:
        picture, text, target = link.groups()
        if picture:
            return f"*Picture: {' '.join(text.split())}*"
        if "://" in target:
            return link[0]
        name = target.partition("#")[0].rpartition("/")[2].removesuffix(".md")
        return f"{text} (`kcli docs {name}`)" if name in self._topics else text
