"""`kcli docs`."""

import sys
from typing import Annotated

import typer

from kinesis_cli.manual.topics import page, topics
from kinesis_cli.show.console import note
from kinesis_cli.show.manual.page import show_page, show_topics


def docs(
    topic: Annotated[
        str | None, typer.Argument(metavar="TOPIC", help="Which page; default: list them.")
    ] = None,
    *,
    web: Annotated[
        bool | None,
        typer.Option(
            "--web/--no-web",
            help="Open the page in a browser, or print it; default: open it where there is a "
            "browser, and an address of the site.",
        ),
    ] = None,
) -> None:
    """Open a page of the documentation, or print it.

    The pages come with kcli, so that all of them can be read without a network. The site's address
    is the package's own, or that in KCLI_DOCS_URL. On a terminal a printed page goes through PAGER.

    \b
    Examples:
      kcli docs
      kcli docs poison-record --no-web
      kcli docs K003 | less
    """
    if topic is None:
        show_topics()
        return
    found = page(topic)
    is_piped = sys.stdout is None or not sys.stdout.isatty()
    if web is False or (web is None and is_piped):
        show_page(found, topics())
        return
    if _opened(found.address, is_demanded=bool(web)):
        return
    show_page(found, topics())


def _opened(address: str, *, is_demanded: bool) -> bool:
    """Open the page of the site; say why not, where it was demanded."""
    from kinesis_cli.manual.site import ADDRESS, site_address
    from kinesis_cli.show.manual.browser import opened

    site = site_address()
    if site is None:
        if is_demanded:
            note(f"no address of the site is known ({ADDRESS}); here is the page")
        return False
    whole = f"{site}/{address}"
    if opened(whole):
        note(f"opened {whole}")
        return True
    if is_demanded:
        note(f"there is no browser to open {whole}; here is the page")
    return False
