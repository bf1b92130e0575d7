"""A sweep as a page: cost across, age upwards, a table of all points."""

from kinesis_cli.places.url import Place
from kinesis_cli.show.console import escape
from kinesis_cli.show.pictures.one_file import page, write_page
from kinesis_cli.show.pictures.sweep import basis_in_words
from kinesis_cli.sweep.result import Swept


def write_sweep_report(path: Place, swept: Swept, handler: str, source: str, command: str) -> None:
    """Write the page of a sweep.

    Args:
        path: of the file.
        swept: the sweep.
        handler: that got the records.
        source: where they came from.
        command: that makes it again.

    Raises:
        InputError: it cannot be written.
    """
    document = {
        "handler": escape(handler),
        "source": escape(source),
        "command": escape(command),
        **_document(swept),
    }
    write_page(path, page("sweep", f"Sweep: {source}", document))


def _document(swept: Swept) -> dict[str, object]:
    basis, chosen = swept.basis, swept.choice
    prices = basis.prices
    return {
        "sentence": escape(swept.sentence),
        "basis": escape(basis_in_words(swept)),
        "sources": [escape(source) for source in prices.sources],
        "currency": escape(prices.currency),
        "costOf": "a month" if basis.is_of_a_month else "a million records",
        "whose": escape(basis.whose),
        "names": [axis.name for axis in basis.axes],
        "own": chosen.own,
        "recommended": chosen.recommended,
        "front": list(chosen.front),
        "unsure": sorted({point for run in swept.runs for point in run.measured.unsure}),
        "points": [_row(swept, place) for place in range(len(swept.runs))],
    }


def _row(swept: Swept, place: int) -> list[object]:
    """The cells of a point, in the order of the page's script."""
    run = swept.runs[place]
    measured, dollars = run.measured, run.dollars
    ages, iterator = measured.record_age, measured.iterator_age
    costs = [round(cost, 4) for cost in (dollars.total, dollars.requests, dollars.compute)]
    return [
        list(run.point.settings.values()),
        *([None] * 3 if measured.is_stopped else costs),
        measured.calls,
        measured.redelivered,
        measured.discarded,
        measured.expired,
        [round(age, 3) for age in (ages.p50, ages.p99, ages.highest)],
        [round(age, 3) for age in (iterator.p50, iterator.p99, iterator.highest)],
        round(measured.longest_block, 3),
        measured.keeps_up,
        measured.is_stopped,
    ]
