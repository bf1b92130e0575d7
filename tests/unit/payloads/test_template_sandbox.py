"""What a data template may reach, and where it ends."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import BuiltinFunctionType, BuiltinMethodType, FunctionType, MethodWrapperType
from typing import Any

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.template import from_template
from kinesis_cli.payloads.template_sandbox import MAX_STEPS, fake_functions, sandbox

PLAIN = (str, bytes, int, float, list, tuple, dict, type(None))
FUNCTIONS = (FunctionType, BuiltinFunctionType, BuiltinMethodType, MethodWrapperType)


def rendered(folder: Path, text: str, count: int = 1) -> list[bytes]:
    file = folder / "t.j2"
    file.write_text(text)
    return [payload.data for payload in from_template(file, Random(1), [1.5] * count)]


def doubling(begin: str, next_: str, shown: str = "s.x") -> str:
    """A template whose value doubles sixty times."""
    rounds = f"{{% for i in range(60) %}}{{% set s.x = {next_} %}}{{% endfor %}}"
    return f"{{% set s = namespace(x={begin}) %}}{rounds}{{{{ {shown} }}}}"


def test_a_template_of_every_day_is_rendered(tmp_path: Path) -> None:
    text = (
        '{"who": "{{ fake.name() }}", "born": "{{ fake.date_of_birth() }}", '
        '"at": {{ fake.latitude() }}, "ip": "{{ fake.ipv4() }}", '
        '"words": {{ fake.words(3)|tojson }}, '
        '"id": {{ random.randint(1, 10**12) }}, "pick": "{{ random.choice(["a", "b"]) }}", '
        '"list": [{% for i in range(3) %}{{ i }}{{ "," if not loop.last }}{% endfor %}], '
        '"sum": "{{ "%05.2f"|format(1.5) }} {{ "{:>4}".format(7) }} {{ "a" ~ 1 }}", '
        '"sample": {{ random.sample(range(100), 3)|sort|tojson }}, "n": {{ index }}}'
    )
    first, second = (json.loads(data) for data in rendered(tmp_path, text, 2))
    assert first["list"] == [0, 1, 2]
    assert first["sum"] == "01.50    7 a1"
    assert len(first["words"]) == 3
    assert (first["n"], second["n"]) == (0, 1)
    assert first["who"] != second["who"]
    assert rendered(tmp_path, text) == rendered(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ fake.get_formatter('__class__') }}",
        "{{ fake.format('name') }}",
        "{{ fake.add_provider(1) }}",
        "{{ fake.name.__globals__ }}",
        "{{ fake.name|attr('__closure__') }}",
        "{{ fake['name']['__code__'] }}",
        "{{ random.seed(1) }}",
        "{{ random.clear() }}",
        "{{ fake.update({'name': 1}) }}",
        "{{ uuid.__defaults__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ [1]|map(attribute='__class__')|first }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ cycler.mro() }}",
        "{{ self._TemplateReference__context }}",
        "{{ lipsum.__globals__ }}",
        "{% import 'os' as os %}",
        "{% include '/etc/passwd' %}",
    ],
)
def test_a_template_reaches_nothing_inside(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"t\.j2"):
        rendered(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in [1] recursive %}{{ loop([1, 2]) }}{% endfor %}",
        "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
        "{{ 'x' * 10**9 }}",
        "{{ 10**9 * 'x' }}",
        "{{ 10**(10**10) }}",
        "{{ 2**99999 }}",
        "{{ 'x'.ljust(10**9) }}",
        "{{ 'x'.zfill(10**9) }}",
        "{{ 'x'|center(10**9) }}",
        "{{ ('\\n' * 1000000)|indent(9999) }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ '{:{}}'.format(1, 10**9) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%*d' % (10**9, 1) }}",
        "{{ '%1000000000d'|format(1) }}",
        doubling("'ab'", "s.x ~ s.x"),
        doubling("[1]", "s.x + s.x"),
        doubling("3", "s.x * s.x"),
        doubling("1", "[s.x, s.x]"),
        doubling("1", "[s.x, s.x]", "s.x|tojson"),
        "{{ range(99999)|map('string')|join('x' * 99999) }}",
        "{{ 'a'.replace('', 'x' * 1000000).replace('', 'x' * 1000000) }}",
        "{{ ['x' * 1000000] * 1000000 }}",
        "{{ fake.paragraphs(nb=10**9) }}",
        "{{ fake.password(10**9) }}",
        "{{ fake.text(10**9) }}",
        "{{ random.choices([1], k=10**9) }}",
        "{% for i in range(99999) %}{{ 'x' * 10000 }}{% endfor %}",
    ],
)
def test_a_template_without_an_end_is_ended(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"t\.j2"):
        rendered(tmp_path, text)


def test_each_record_has_its_own_steps(tmp_path: Path) -> None:
    rounds = f"{{% for i in range({MAX_STEPS // 12}) %}}{{% endfor %}}done"
    assert rendered(tmp_path, rounds, 13) == [b"done"] * 13


def test_all_that_a_template_reaches_is_plain() -> None:
    environment = sandbox(Random(1))
    reachable = {**environment.globals, "fake": fake_functions(Random(1))}
    classes = {dict, *(reachable[name] for name in ("cycler", "joiner", "namespace"))}
    seen: dict[int, object] = {}
    for path, value in _reached(environment, "", reachable, 3, seen):
        allowed = isinstance(value, (*PLAIN, *FUNCTIONS)) or value in classes
        # what describes a class or a built-in type, and is no more than its name or a method
        allowed = allowed or type(value).__name__ in ("method_descriptor", "classmethod_descriptor")
        allowed = allowed or type(value).__name__ in ("property", "getset_descriptor", "method")
        allowed = allowed or type(value).__name__ == "mappingproxy"
        assert allowed, f"{path} leads to {value!r}"
    assert len(seen) > 250


def _reached(
    environment: Any,  # noqa: ANN401
    path: str,
    value: object,
    depth: int,
    seen: dict[int, object],  # by identity; kept, so that none is used again
) -> Iterator[tuple[str, object]]:
    """All that templates reach by attributes and items, that deep."""
    if id(value) in seen or depth < 0:
        return
    seen[id(value)] = value
    yield path, value
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _reached(environment, f"{path}.{name}", member, depth, seen)
    for name in dir(value):
        member = environment.getattr(value, name)
        if not type(member).__name__.endswith("Undefined"):
            yield from _reached(environment, f"{path}.{name}", member, depth - 1, seen)
