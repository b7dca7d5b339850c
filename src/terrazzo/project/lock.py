"""One program at a time writes into a folder, such as a project: the second is told who holds it."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from terrazzo.errors import InputError

LOCK = ".lock"

_files: dict[Path, IO[str]] = {}
_holders: dict[Path, int] = {}
_counting = threading.Lock()


@contextmanager
def locked(folder: Path, what: str = "project") -> Iterator[None]:
    """Hold a folder for as long as the context lasts; the system lets go of it when a program ends, however it does.

    Within a program it may be held several times over.

    Raises
    ------
    InputError
        If another program holds it, or nothing can be written there.
    """
    folder = folder.resolve()
    with _counting:
        if not _holders.get(folder):
            _files[folder] = _taken(folder, what)
        _holders[folder] = _holders.get(folder, 0) + 1
    try:
        yield
    finally:
        with _counting:
            _holders[folder] -= 1
            if not _holders[folder]:
                _files.pop(folder).close()


def _taken(folder: Path, what: str) -> IO[str]:
    try:
        file = (folder / LOCK).open("a+", encoding="utf-8")
    except OSError as error:
        raise InputError(f"nothing can be written to '{folder}': {error.strerror or error}") from error
    try:
        _lock(file)
    except OSError as error:
        who = _holder(file)
        file.close()
        raise InputError(
            f"the {what} '{folder}' is in use by another program{who}; close it there, or wait until it is done"
        ) from error
    file.seek(0)
    file.truncate()
    file.write(json.dumps({"process": os.getpid(), "host": socket.gethostname()}))
    file.flush()
    return file


def _holder(file: IO[str]) -> str:
    try:
        file.seek(0)
        found = json.loads(file.read())
        return f" (process {int(found['process'])} on {str(found['host'])[:80]})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _lock(file: IO[str]) -> None:
    if os.name == "nt":
        import msvcrt

        file.seek(2**30)  # a byte that nobody reads
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
