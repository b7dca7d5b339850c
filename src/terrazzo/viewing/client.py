"""Neuroglancer's client, which its package carries as built files: they are found, and the package is not imported."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, files
from importlib.util import find_spec
from pathlib import Path

from terrazzo.errors import InputError

PACKAGE = "neuroglancer"
ENTRY = "index.html"
LICENSE_THERE, LICENSE = "LICENSE", "LICENSE-neuroglancer.txt"


def client_files() -> dict[str, Path]:
    """Return the files of the client by their names, with its license; those for its debugging are left out.

    Raises
    ------
    InputError
        If the package is not installed, or carries no client.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise InputError("the page is shown by neuroglancer, which is not installed: pip install 'terrazzo[view]'")
    client = Path(spec.submodule_search_locations[0], "static", "client")
    found = {file.name: file for file in sorted(client.glob("*")) if file.is_file() and file.suffix != ".map"}
    if ENTRY not in found:
        raise InputError(f"'{client}' holds no {ENTRY}: this neuroglancer has no client; pip install neuroglancer anew")
    return found | _license()


def _license() -> dict[str, Path]:
    try:
        listed = files(PACKAGE) or []
    except PackageNotFoundError:
        return {}
    found = [Path(str(file.locate())) for file in listed if file.name == LICENSE_THERE]
    return {LICENSE: found[0]} if found else {}
