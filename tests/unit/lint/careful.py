"""A template in which nothing is to be found, for tests that spoil one thing of it."""

from pathlib import Path

FOLDER = Path(__file__).parents[3] / "fixtures" / "lint" / "careful"
HANDLER = (FOLDER / "src" / "app.py").read_text()
FILES = {"src/app.py": HANDLER}
CAREFUL = (FOLDER / "template.yaml").read_text()


def spoilt(*changes: tuple[str, str], template: str = CAREFUL) -> str:
    """The careful template with texts replaced, each of which is there once."""
    for old, new in changes:
        assert template.count(old) == 1, old
        template = template.replace(old, new)
    return template
