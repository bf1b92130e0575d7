"""Findings that the author of a template has seen and wants to keep. Pure.

    BatchSize: 10  # kcli: ignore K016 calls take 50 ms

applies to what its line begins: a setting, a mapping, a resource with all that is in it. On a line
of its own it is about the next line. Where there are no comments, as in JSON, a resource has
`Metadata: {"kcli": {"ignore": ["K016 calls take 50 ms"]}}`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kinesis_cli.lint.text.document import Document

_COMMENT = re.compile(r"#\s*kcli:\s*ignore\b[ \t]*(?P<rest>[^\r\n]*)")
_IDS = re.compile(r"(?P<ids>K\d{3}(?:[ \t]*,[ \t]*K\d{3})*)[ \t:,-]*(?P<reason>.*)")


@dataclass(frozen=True, slots=True)
class Suppression:
    """Rules that are ignored on some lines."""

    ids: tuple[str, ...]  # empty: it names none
    reason: str  # "": none was given
    line: int  # where it is written
    first: int
    last: int

    def covers(self, rule_id: str, line: int | None) -> bool:
        """Whether it is about a finding."""
        return rule_id in self.ids and line is not None and self.first <= line <= self.last


def suppressions_of(document: Document) -> list[Suppression]:
    """What a template says is to be ignored."""
    found = list(_of_comments(document)) if not document.is_json else []
    return [*found, *_of_metadata(document)]


def _of_comments(document: Document) -> Iterator[Suppression]:
    lines = document.text.splitlines()
    for number, line in enumerate(lines, 1):
        match = _COMMENT.search(line)
        if match is None:
            continue
        named = _IDS.match(match["rest"])
        if named is None:
            yield Suppression((), "", number, number, number)
            continue
        about = number
        if not line[: match.start()].strip():
            below = (
                other
                for other, text in enumerate(lines[number:], number + 1)
                if text.strip() and not text.lstrip().startswith("#")
            )
            about = next(below, number)
        last = _last_line(document, about)
        yield Suppression(_ids(named["ids"]), named["reason"].strip(), number, about, last)


def _last_line(document: Document, line: int) -> int:
    """The last line of the largest value that begins on a line."""
    spans = (span for path, span in document.positions.items() if span.line == line and path)
    return max((span.last_line for span in spans), default=line)


def _of_metadata(document: Document) -> Iterator[Suppression]:
    parsed = document.document
    resources = parsed.get("Resources") if isinstance(parsed, Mapping) else None
    for name, resource in resources.items() if isinstance(resources, Mapping) else ():
        metadata = resource.get("Metadata") if isinstance(resource, Mapping) else None
        ours = metadata.get("kcli") if isinstance(metadata, Mapping) else None
        ignored = ours.get("ignore") if isinstance(ours, Mapping) else None
        span = document.positions.get(("Resources", str(name)))
        if ignored is None or span is None:
            continue
        line = document.line(("Resources", str(name), "Metadata", "kcli", "ignore")) or span.line
        for text in ignored if isinstance(ignored, list) else [ignored]:
            named = _IDS.match(str(text))
            if named is None:
                yield Suppression((), "", line, line, line)
            else:
                reason = named["reason"].strip()
                yield Suppression(_ids(named["ids"]), reason, line, span.line, span.last_line)


def _ids(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"K\d{3}", text))
