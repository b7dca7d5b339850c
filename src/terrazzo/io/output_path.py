"""Where output may not go: onto what is there, and onto what it is made from, into it, or around it."""

from __future__ import annotations

from pathlib import Path

from terrazzo.errors import InputError


def check_absent(path: str | Path, overwrite: bool) -> None:
    """Raise an InputError if something is at `path` that may not be overwritten."""
    if Path(path).exists() and not overwrite:
        raise InputError(f"'{path}' exists; choose another path or add --overwrite")


def check_output(output: str | Path, *inputs: str | Path) -> None:
    """Raise an InputError if writing to `output` would change one of the inputs, links followed."""
    target = Path(output).resolve()
    for given in inputs:
        source = Path(given).resolve()
        if target == source:
            raise InputError(f"the output '{output}' is what it would be made from; choose another path")
        if source in target.parents:
            raise InputError(f"the output '{output}' is inside its own input, '{given}'; choose a path outside")
        if target in source.parents:
            raise InputError(f"the output '{output}' holds its own input, '{given}'; choose a path beside it")
