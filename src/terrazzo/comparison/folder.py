"""The folder of a report: begun, gone on with or begun anew, and never mixed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dask.base import tokenize

from terrazzo.blockwise.inputs.image_array import ImageLike
from terrazzo.comparison.stage import write_json
from terrazzo.errors import InputError, TerrazzoError
from terrazzo.io.failures import reported_as_not_written
from terrazzo.io.images.content_stamp import content_stamp
from terrazzo.io.images.image import Image
from terrazzo.io.readers.selection import select_text
from terrazzo.version import __version__

INPUTS = "inputs"


@dataclass(frozen=True)
class Keeping:
    """What is kept in a folder.

    Parameters
    ----------
    what : str
        Its name in messages.
    run : str
        The file that says what it was made from.
    grows : bool
        Whether it may go on after it was finished.
    """

    what: str = "comparison"
    run: str = "compare.json"
    grows: bool = False


COMPARISON = Keeping()


@contextmanager
def begun(
    folder: Path,
    images: Sequence[ImageLike],
    annotations: Sequence[ImageLike],
    given: Mapping[str, Any],
    overwrite: bool,
    keeping: Keeping = COMPARISON,
) -> Iterator[None]:
    """Make the folder, or leave that of an unfinished comparison of the same things as it is, for what begins inside.

    If that ends in an error, a folder that was made is removed, and one that was to be replaced is there again.

    Raises
    ------
    InputError
        If the folder holds something else, a finished comparison, or one of other things, and is not to be overwritten;
        or if it cannot be written.
    """
    wanted = json.loads(json.dumps({"version": __version__, "inputs": _inputs(images, annotations), **given}))
    _put_back(folder, keeping)
    replaced = _put_aside(folder, keeping) if overwrite and folder.exists() else None
    made = not folder.exists()
    try:
        _prepare(folder, wanted, keeping)
        yield
    except BaseException as error:
        if made and (replaced is not None or isinstance(error, TerrazzoError)):
            shutil.rmtree(folder, ignore_errors=True)
        if replaced is not None:
            replaced.rename(folder)
        raise
    if replaced is not None:
        _drop(replaced, keeping)


def _prepare(folder: Path, wanted: dict[str, Any], keeping: Keeping) -> None:
    if (folder / keeping.run).is_file():
        _check_same(folder, wanted, keeping)
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"'{folder}' exists and is no {keeping.what}; choose another folder")
    with reported_as_not_written(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / keeping.run, {"finished": False, "made_from": wanted})


def finish(folder: Path, keeping: Keeping = COMPARISON) -> None:
    """Note that the report is written."""
    with reported_as_not_written(folder):
        write_json(folder / keeping.run, json.loads((folder / keeping.run).read_text()) | {"finished": True})


def _inputs(images: Sequence[ImageLike], annotations: Sequence[ImageLike]) -> list[str]:
    return [
        f"{one.path} {one.level} {one.stored.axes} {one.stored.reading} {content_stamp(one.stored)}"
        f" {getattr(one, 'colours', None)} {select_text(one.stored.selected)}"
        if isinstance(one, Image)
        else tokenize(one)
        for one in (*images, *annotations)
    ]


def _check_same(folder: Path, wanted: dict[str, Any], keeping: Keeping) -> None:
    run = json.loads((folder / keeping.run).read_text())
    then = run["made_from"]
    changed = [name for name in wanted | then if then.get(name) != wanted.get(name)]
    if changed:
        name = changed[0]
        what = (
            "other images or annotations"
            if name == "inputs"
            else f"{name.replace('_', ' ')} {then.get(name, 'nothing')} and not {wanted.get(name, 'nothing')}"
        )
        raise InputError(
            f"'{folder}' holds a {keeping.what} with {what}; give the same as then, choose another folder or add "
            "--overwrite"
        )
    if run["finished"] and not keeping.grows:
        raise InputError(f"'{folder}' holds this {keeping.what}, finished; choose another folder or add --overwrite")


def _put_aside(folder: Path, keeping: Keeping) -> Path:
    """Rename a comparison that is to be replaced, and return where it is now."""
    if not (folder / keeping.run).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"'{folder}' exists and is no {keeping.what}; choose another folder")
    with reported_as_not_written(folder):
        return folder.rename(_aside(folder))


def _aside(folder: Path) -> Path:
    """Return where a comparison is while another begins in its place."""
    return folder.with_name(f".{folder.name}.replaced")


def _put_back(folder: Path, keeping: Keeping) -> None:
    """Put back what a run that was killed while it began has put aside."""
    aside, run = _aside(folder), folder / keeping.run
    if not (aside / keeping.run).is_file():
        shutil.rmtree(aside, ignore_errors=True)
    elif not folder.exists() or (run.is_file() and not json.loads(run.read_text())["finished"]):
        with reported_as_not_written(folder):
            shutil.rmtree(folder, ignore_errors=True)
            aside.rename(folder)


def _drop(aside: Path, keeping: Keeping) -> None:
    """Remove what has been replaced; without its first file it is no longer put back."""
    (aside / keeping.run).unlink(missing_ok=True)
    shutil.rmtree(aside, ignore_errors=True)
