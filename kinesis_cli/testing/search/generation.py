"""Batches that hypothesis makes of samples: several broken members, several broken records.

hypothesis is imported here only, and this module only when a check runs.
"""

import json
import string
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.strategies import SearchStrategy

from kinesis_cli.payloads.hostile import (
    JSON_TEXTS,
    Path,
    member_of,
    parsed,
    paths_of,
    with_json_text,
)
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.testing.checks.made_records import KEY, Item, made_records, variants_of

MAX_RECORDS = 6  # of a batch
MAX_CHANGES = 3  # of one payload
_MAX_CHARACTERS = 12  # of a text
_MAX_VARIANT_BYTES = 20_000
_KEYS = (KEY, "key-2")
# What texts are made of, at most 256 characters. hypothesis' own texts begin with the category of
# each code point there is, in each process: most of a second of CPU.
_ALPHABET = string.printable + (
    "\0\x1b\x7f\x85\xa0\xad¡²½ÄßéñÿĀıŁſƒǅ\u0301\u0345Ωςжא\u05bcش\u0660३ไ\u1100ẞ\u200b\u200d\u200f\u2028\u202e"
    "€Ⅷ☃中文の한ﬁﷺ\ufeff\uff11\ufffd\uffff𐍈𝒜𝟘😀🏽\U000e0041\U0010ffff"
)
# Where hypothesis looks for constants in modules; versions before 6.131 do not.
_PROVIDERS = "hypothesis.internal.conjecture.providers"
_LOOKS, _KNOWN = "_get_local_constants", "GLOBAL_CONSTANTS"

Items = list[Item]


def batches_of(
    samples: Sequence[Item], words: Sequence[object], keys: Sequence[str] = ()
) -> SearchStrategy[Items]:
    """Batches of the samples: sound, broken in one way of `variants`, or in several at once.

    Args:
        samples: at least one.
        words: values that the function's code names.
        keys: partition keys, besides ordinary ones.
    """
    broken = [
        variant.data
        for sample in samples
        for variant in variants_of(sample, words)
        if len(variant.data) <= _MAX_VARIANT_BYTES
    ]
    kind = samples[0].kind
    data = st.one_of(
        st.sampled_from([sample.data for sample in samples]),
        st.sampled_from(broken),
        _changed(samples, words) if made_records(kind).are_payloads else _twice(broken, kind),
    )
    item = st.builds(Item, data, st.sampled_from([*_KEYS, *keys]), st.just(kind))
    return st.lists(item, min_size=1, max_size=MAX_RECORDS)


def _twice(broken: Sequence[bytes], kind: SourceKind) -> SearchStrategy[bytes]:
    """What was broken in one way, broken in another."""

    def again(data: bytes) -> SearchStrategy[bytes]:
        more = [variant.data for variant in variants_of(Item(data, kind=kind))]
        return st.sampled_from([each for each in more if len(each) <= _MAX_VARIANT_BYTES])

    return st.sampled_from(broken).flatmap(again)


def _changed(samples: Sequence[Item], words: Sequence[object]) -> SearchStrategy[bytes]:
    """Objects of the samples' shape with other members."""
    values = [parsed(sample.data) for sample in samples]
    shaped = [(value, list(paths_of(value))) for value in values if isinstance(value, dict)]
    shaped = [(value, paths) for value, paths in shaped if paths]
    if not shaped:
        return st.sampled_from([sample.data for sample in samples])
    texts = st.one_of(
        st.sampled_from([*JSON_TEXTS, *(json.dumps(word) for word in words)]),
        st.integers(-(2**40), 2**40).map(json.dumps),
        st.floats(allow_nan=False, allow_infinity=False, width=32).map(json.dumps),
        st.binary(max_size=_MAX_CHARACTERS).map(_text).map(json.dumps),
        st.sampled_from(_found(values)),
    )

    return st.one_of([_of_shape(value, paths, texts) for value, paths in shaped])


def _text(data: bytes) -> str:
    """A character for each byte: one choice of hypothesis', which prefers batches of few."""
    return "".join(_ALPHABET[each % len(_ALPHABET)] for each in data)


def _of_shape(
    value: object, paths: Sequence[Path], texts: SearchStrategy[str]
) -> SearchStrategy[bytes]:
    change = st.tuples(st.sampled_from(paths), texts)
    changes = st.lists(change, min_size=1, max_size=MAX_CHANGES)
    return changes.map(lambda made: _with_all(value, made))


def _found(values: Sequence[object]) -> list[str]:
    """What members of the samples hold, as JSON."""
    found = dict.fromkeys(
        json.dumps(member_of(value, path)) for value in values for path in paths_of(value)
    )
    return list(found)[:100] or ["null"]


def _with_all(value: object, changes: Sequence[tuple[Path, str]]) -> bytes:
    data = b""
    for path, text in changes:
        if path[:-1] and member_of(value, path[:-1]) is None:
            continue  # an earlier change has taken what holds it
        data = with_json_text(value, path, text)
        changed = parsed(data)
        if changed is None:
            return data  # not JSON any more for Python: that is change enough
        value = changed
    return data or json.dumps(value).encode()


@contextmanager
def by_itself() -> Iterator[str]:
    """Let hypothesis neither write into the project nor read kcli's own code.

    It gets a folder for what it keeps, which goes; that is the value.
    """
    with TemporaryDirectory(prefix="kcli-check-") as folder, _no_modules_read():
        set_hypothesis_home_dir(folder)
        try:
            yield folder
        finally:
            set_hypothesis_home_dir(None)


@contextmanager
def _no_modules_read() -> Iterator[None]:
    """Let hypothesis know no constants of this process's modules.

    It parses each one outside of site-packages for them, which are the function's in a test of that
    function. Here they are kcli's, where that is installed to be edited: seconds of CPU, and other
    batches of the same seed. There is no setting for it.
    """
    providers: Any = sys.modules.get(_PROVIDERS)
    looks, known = (getattr(providers, name, None) for name in (_LOOKS, _KNOWN))
    if looks is None or known is None:
        yield
        return
    none = type(known)()
    setattr(providers, _LOOKS, lambda: none)
    try:
        yield
    finally:
        setattr(providers, _LOOKS, looks)


def go_through(
    batches: SearchStrategy[Items],
    look: Callable[[Items], None],
    *,
    random_seed: int,
    examples: int,
    shrink: bool,
) -> None:
    """Show `look` batch after batch, the same for a seed; one that it raises for is made smaller.

    Raises:
        Exception: what `look` raised for the smallest.
    """
    quiet = settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    @seed(random_seed)
    @quiet
    @given(batches)
    def run(items: Items) -> None:
        look(items)

    run()
