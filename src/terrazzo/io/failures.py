"""An exception about a user's file becomes one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from terrazzo.errors import InputError, ModelError, TerrazzoError

MOST_WORDS = 300


@contextmanager
def reported_as_input_error(path: str | Path, attempt: str, advice: str = "") -> Iterator[None]:
    """Turn whatever a file library raises inside the block into an InputError about `path`.

    Parameters
    ----------
    path : str or Path
        The file or store that is being read.
    attempt : str
        What was tried, to follow "cannot be", such as "read as TIFF".
    advice : str
        What to do.

    Raises
    ------
    InputError
        For any exception but a TerrazzoError and a MemoryError, which pass as they are.
    """
    try:
        yield
    except (TerrazzoError, MemoryError):
        raise
    except Exception as error:  # what libraries raise on broken files is open-ended
        denied = isinstance(error, PermissionError)
        hint = "ask its owner for the right to read it" if denied else advice
        raise InputError(f"'{path}' cannot be {attempt}: {reason_of(error)}{hint and f'; {hint}'}") from error


@contextmanager
def about(path: str | Path) -> Iterator[None]:
    """Say which of several files an InputError or ModelError is about, unless it names it or there is no name."""
    try:
        yield
    except (InputError, ModelError) as error:
        if not path or str(path) in str(error):
            raise
        raise type(error)(f"'{path}': {error}") from error


@contextmanager
def reported_as_not_written(path: str | Path) -> Iterator[None]:
    """Turn an OSError inside the block, such as a full disk, into an InputError about the result at `path`.

    Raises
    ------
    InputError
        For an OSError.
    """
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error) or type(error).__name__).splitlines()[0]
        raise InputError(
            f"'{path}' cannot be written: {reason}; mend that and run the same again, which goes on where this stopped"
        ) from error


def first_words(error: Exception) -> str:
    """Return the first line of what a library says, shortened where it quotes at length, or else the error's type."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".") if len(lines[0]) <= MOST_WORDS else f"{lines[0][:MOST_WORDS]}…"


def reason_of(error: Exception) -> str:
    """Return what the system says without the path, which is in the sentence already, else the error's first line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.splitlines()[0]
    return first_words(error)


def require_level(path: str | Path, level: int, levels: int) -> None:
    """Raise InputError unless `level` is one of the `levels` resolutions of the file, 0 being the finest."""
    if not 0 <= level < levels:
        allowed = "only level 0" if levels == 1 else f"levels 0 to {levels - 1}"
        raise InputError(f"'{path}' has no level {level}: it holds {allowed}.")
