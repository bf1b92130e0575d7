"""Gather the pages of the site and build it into `build/site/site`: `make site`.

The pages of `docs/` stay as they are read in the repository; here they get neighbours that only a
site has: a page for each rule of `kcli lint`, and one for the library. Links to files that are not
pages lead to the repository (GITHUB_REPOSITORY).
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path, PurePosixPath

from kinesis_cli.manual.topics import GROUPS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
BUILT = ROOT / "build" / "site"

LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)\s#]+)(#[^)\s]*)?(?=\))")
RULE = re.compile(r"^### (K\d{3}) ([\w-]+) \((\w+)\)$", re.MULTILINE)
ONLY_HERE: dict[str, dict[str, str]] = {
    **{group: {} for group in GROUPS},
    "Reference": {"Python": "python.md", "Lint rules": "rules.md", "Changes": "changelog.md"},
}
PICTURES = (".png", ".svg")


def main() -> None:
    """Gather and build; the exit code is the builder's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=BUILT)
    to = parser.parse_args().to.resolve()
    gather(to)
    builder = Path(sys.executable).with_name("zensical")
    sys.exit(subprocess.run([builder, "build", "--clean", "--strict"], cwd=to).returncode)


def gather(to: Path) -> None:
    """Write what the builder reads: a configuration, pages and pictures.

    Args:
        to: a folder; what was in it is deleted.
    """
    shutil.rmtree(to, ignore_errors=True)
    pages = to / "docs"
    pages.mkdir(parents=True)
    written = {
        **{each.name: each.read_text() for each in sorted(DOCS.glob("*.md"))},
        **{each.name: each.read_text() for each in sorted((DOCS / "site/pages").glob("*.md"))},
        "changelog.md": (ROOT / "CHANGELOG.md").read_text().replace("](docs/", "]("),
        "python.md": _python(),
        **_rules((DOCS / "lint.md").read_text()),
    }
    for name, text in written.items():
        leads = partial(_target, page=name, pages={*written})
        (pages / name).write_text(LINK.sub(leads, text))
    for each in DOCS.iterdir():
        if each.suffix in PICTURES:
            shutil.copy(each, pages)
    for name in ("site.css", "site.js"):
        shutil.copy(DOCS / "site" / name, pages)
    settings = (DOCS / "site" / "zensical.toml").read_text()
    (to / "zensical.toml").write_text(re.sub("^# nav: .*$", _menu(), settings, flags=re.MULTILINE))


def _menu() -> str:
    """The site's menu: that of `kcli docs`, with the pages that only a site has."""
    rows = ['  { "Home" = "index.md" },']
    for group, pages in GROUPS.items():
        rows.append(f'  {{ "{group}" = [')
        listed = {**{title: f"{topic}.md" for title, topic in pages.items()}, **ONLY_HERE[group]}
        rows += [f'    {{ "{title}" = "{file}" }},' for title, file in listed.items()]
        rows.append("  ] },")
    return "\n".join(["nav = [", *rows, "]"])


def _target(link: re.Match[str], page: str, pages: set[str]) -> str:
    """Where a link leads: to a page or picture of the site, else into the repository."""
    path, anchor = link[1], link[2] or ""
    if path == "../README.md":
        return "index.md"
    if path in pages or path.removeprefix("../") in pages or path.endswith(PICTURES):
        return path + anchor
    repository = os.environ.get("GITHUB_REPOSITORY", "OWNER/REPOSITORY")
    start = PurePosixPath("" if page == "changelog.md" else "docs")
    inside = os.path.normpath(start / path)
    return f"https://github.com/{repository}/blob/main/{inside}{anchor}"


def _rules(text: str) -> dict[str, str]:
    """A page for each rule, and one that lists them; the page of `kcli lint` keeps the rest."""
    head = text[: text.index("## The rules")]
    starts = [*RULE.finditer(text)]
    ends = [*(each.start() for each in starts[1:]), len(text)]
    pages, rows = {}, []
    for rule, end in zip(starts, ends, strict=True):
        said = text[rule.end() : end].strip()
        heading = f"# {rule[1]} {rule[2]}\n\nSeverity: {rule[3]}. "
        pages[f"{rule[1]}.md"] = f"{heading}{said}\n\nAll rules: [list](rules.md).\n"
        rows.append(f"| [{rule[1]}]({rule[1]}.md) | {rule[2]} | {rule[3]} |")
    table = ["| rule | name | severity |", "|---|---|---|", *rows]
    listed = "# Rules of `kcli lint`\n\n`kcli lint --rules` lists them too.\n\n" + "\n".join(table)
    return {
        "lint.md": f"{head}## The rules\n\nEach has [a page of its own](rules.md).\n",
        "rules.md": listed + "\n",
        **pages,
    }


def _python() -> str:
    """The page of the library: what `kinesis_cli` and `kinesis_cli.testing` give."""
    import kinesis_cli

    names = [each for each in kinesis_cli.__all__ if not each.startswith("_")]
    parts = ["# Python", "What `import kinesis_cli` gives."]
    parts += [f"::: {kinesis_cli._HOMES[each]}.{each}" for each in names]
    parts += ["## Testing", "What a test has; see [Testing](testing.md)."]
    parts += [
        f"::: kinesis_cli.testing.{each}"
        for each in ("kinesis.Kinesis", "result.Run", "local.KinesisLocal", "kinesis.deliver")
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
