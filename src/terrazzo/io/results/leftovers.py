"""What a killed run leaves half written, and how the next one gets rid of it."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from terrazzo.errors import InputError
from terrazzo.io.failures import reported_as_not_written
from terrazzo.io.results.result import ROWS, Result

# tables, run.json and zarr's chunks alike are written under a name that ends so, and renamed
PARTIAL = ".partial"


def half_made(target: Path) -> Path:
    """Return where a result is made before it is moved to its place, so that it appears there whole."""
    return target.with_name(f".{target.name}.partial")


def replaced(target: Path) -> Path:
    """Return where a result is moved that makes room for another, before it is removed."""
    return target.with_name(f".{target.name}.replaced")


@contextmanager
def made_whole(target: Path, *, replacing: bool) -> Iterator[Path]:
    """Give the name of a folder of this run's own, which is put in place of the target if the context ends well.

    Parameters
    ----------
    target : Path
        Without `replacing` nothing may be there.
    replacing : bool
        Whether what is there when the context begins may be replaced.

    Raises
    ------
    InputError
        If another run has put something there meanwhile.
    """
    before = identity(target) if replacing else None
    made = half_made(target) / uuid.uuid4().hex
    try:
        with unless_another(target, before):
            yield made
            put_in_place(made, target, before)
    finally:
        shutil.rmtree(made, ignore_errors=True)
        with suppress(OSError):  # others write there, or nobody has
            half_made(target).rmdir()


def put_in_place(made: Path, target: Path, before: tuple[int, int] | None) -> None:
    """Move what was made to its place, and what was there beside it: `before` says what that may be.

    Raises
    ------
    InputError
        If something else is there.
    """
    with _alone_in(target.parent):
        refuse_another(target, before)
        aside = replaced(target) / uuid.uuid4().hex
        if identity(target) is not None:
            aside.parent.mkdir(exist_ok=True)
            target.rename(aside)
        try:
            made.rename(target)
        except OSError:
            with suppress(OSError):  # there was none, or another is there
                aside.rename(target)
            raise
    remove_half_made(target)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other run puts something in place in a folder, where the file system tells of it."""
    if os.name == "nt":
        yield
        return
    import fcntl

    held = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def identity(target: Path) -> tuple[int, int] | None:
    """Return what tells a file or folder from another that takes its place later; None where nothing is."""
    try:
        found = target.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def unless_another(target: Path, before: tuple[int, int] | None) -> Iterator[None]:
    """Raise an InputError in place of what is raised in the context if another run has put something at the target.

    By then it has removed what was half made, and what is left was written after that.
    """
    try:
        yield
    except Exception as error:
        if identity(target) not in (None, before):
            shutil.rmtree(half_made(target), ignore_errors=True)
        refuse_another(target, before, error)
        raise


def refuse_another(target: Path, before: tuple[int, int] | None, cause: Exception | None = None) -> None:
    """Raise an InputError if something is at a path that was not there before."""
    if identity(target) not in (None, before):
        raise InputError(
            f"another run has begun '{target}' meanwhile; wait until it has ended, or choose another path"
        ) from cause


def remove_half_made(target: Path) -> None:
    """Remove what is left beside a result of one that was never finished or not removed to the end.

    What cannot be removed, as others still write or read there, is left for the next run.
    """
    for folder in (half_made(target), replaced(target)):
        shutil.rmtree(folder, ignore_errors=True)


def remove_partial_files(result: Result) -> None:
    """Remove half-written files from a result that nobody writes to now.

    Those of finished blocks as well: another worker may have finished what one that died had begun.

    Raises
    ------
    InputError
        If they cannot be removed.
    """
    root = Path(result.path)
    with reported_as_not_written(root):
        remove_half_made(root)
        remove_partial(root)


def remove_partial(root: Path) -> None:
    """Remove half-written files from a folder and those in it."""
    for folder, _, names in os.walk(root):
        for name in names:
            if name.endswith(PARTIAL):
                Path(folder, name).unlink(missing_ok=True)


def remove_rows(result: Result) -> None:
    """Remove what passes read of blocks around: all of them are finished."""
    folder = Path(result.path) / ROWS
    if folder.is_dir():
        shutil.rmtree(folder)
