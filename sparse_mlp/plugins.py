"""Parts of one's own by name: `package.module:name` or `file.py:name`.

Rules, topologies, predictors, activations and layers may be named like this on the command line, in recipes and in
Python. Importing a module runs its code, so only names from people whom you trust belong there.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from sparse_mlp.errors import InvalidInputError, check_choice, invalid

T = TypeVar("T")
FORM = "package.module:name or file.py:name"


def find(what: str, part: str | T, known: Mapping[str, T]) -> T:
    """Return a part by its name among the known ones, by `module:name`, or as it is given.

    Parameters
    ----------
    what : str
        What it is, for error messages: "rule", "topology", "predictor" …
    part : str or object
        A name, or the part itself.
    known : mapping
        The package's own parts by name.

    Raises
    ------
    InvalidInputError
        If the name is unknown, or cannot be imported.
    """
    if not isinstance(part, str):
        return part
    return load(part, what) if ":" in part else known[check_choice(what, part, known)]


def load(text: str, what: str) -> Any:
    """Import a part by its name; the working directory is on the path only meanwhile.

    Parameters
    ----------
    text : str
        `package.module:name`, or `file.py:name` with a path that may be relative.
    what : str
        What it is, for error messages.

    Raises
    ------
    InvalidInputError
        If the text has another form, the module or the name in it does not exist, or importing it raises an error.
    """
    where, name = _parts(text, what)
    with _working_directory_on_path():
        module = _import_file(text, what, Path(where)) if where.endswith(".py") else _import_module(text, what, where)
    try:
        return getattr(module, name)
    except AttributeError:
        raise invalid(f"{what}={text!r}", f"a name that {where} defines", f"{name!r} is not in it") from None


def called(part: Any) -> str:
    """Return what messages call a part: the name that chose it, or that of a function."""
    if isinstance(part, str):
        return part
    function = _unwrapped(part)
    return getattr(function, "__qualname__", type(function).__name__)


def is_own(part: Any) -> bool:
    """Tell whether a function is not one of this package, so that what it returns has to be checked."""
    function = _unwrapped(part)
    module = getattr(function, "__module__", None) or type(function).__module__
    return not module.startswith("sparse_mlp.")


def _unwrapped(part: Any) -> Any:
    while isinstance(part, functools.partial):
        part = part.func
    return part


def source(text: str) -> Path | None:
    """Return the file that `load` would import, without running it; None if it cannot be found or is not a file."""
    try:
        where, _ = _parts(text, "part")
        if where.endswith(".py"):
            return Path(where).resolve()
        top, *inner = where.split(".")
        with _working_directory_on_path():
            found = importlib.util.find_spec(top)
    except (InvalidInputError, ImportError, ValueError):
        return None
    if found is None:
        return None
    if found.submodule_search_locations:
        return Path(next(iter(found.submodule_search_locations))).resolve().joinpath(*inner)
    return Path(found.origin).resolve() if found.origin else None


def _parts(text: str, what: str) -> tuple[str, str]:
    where, colon, name = text.rpartition(":")
    if not (colon and where and name.isidentifier()):
        raise invalid(f"{what}={text!r}", FORM)
    return where, name


@contextmanager
def _working_directory_on_path() -> Iterator[None]:
    before, here = list(sys.path), str(Path.cwd())
    sys.path.insert(0, here)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = before


def _import_module(text: str, what: str, where: str) -> ModuleType:
    try:
        return importlib.import_module(where)
    except ModuleNotFoundError as error:
        if error.name is not None and (where == error.name or where.startswith(error.name + ".")):
            remedy = f"there is no module {error.name!r} in the working directory or among the installed packages"
            raise invalid(f"{what}={text!r}", "a module that can be imported", remedy) from None
        raise _failed(text, what, error) from error
    except Exception as error:
        raise _failed(text, what, error) from error


def _import_file(text: str, what: str, path: Path) -> ModuleType:
    if not path.is_file():
        raise invalid(f"{what}={text!r}", "an existing file", f"there is no file {path}")
    path = path.resolve()
    name = f"{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # so that what it defines can be pickled and has its type hints
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise _failed(text, what, error) from error
    return module


def _failed(text: str, what: str, error: Exception) -> InvalidInputError:
    return invalid(
        f"{what}={text!r}", "a module that can be imported", f"importing it raised {type(error).__name__}: {error}"
    )
