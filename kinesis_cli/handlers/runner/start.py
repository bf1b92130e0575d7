"""Where the project's interpreter begins: `python start.py serve FD LIFELINE`.

The modules beside this file are loaded as a package of a name that nobody else has, and their
folder leaves the path, so that no module of the function's can be mistaken for one of ours.
"""

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_NAME = "_kcli_runner"


def _package(folder: Path) -> None:
    spec = spec_from_file_location(
        _NAME, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules[_NAME] = module = module_from_spec(spec)
    spec.loader.exec_module(module)


def main() -> None:
    """Run what the first argument names."""
    folder = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != folder]
    _package(folder)
    import_module(f"{_NAME}.{sys.argv[1]}").main(sys.argv[2:])


if __name__ == "__main__":
    main()
