"""Can a window with napari be opened here? If not, one sentence says what is missing."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping

from terrazzo.errors import InputError

BINDINGS = ("PySide6", "PyQt6", "PyQt5")

PROBE = """
from qtpy.QtGui import QOffscreenSurface, QOpenGLContext
from qtpy.QtWidgets import QApplication
app = QApplication([])
context, surface = QOpenGLContext(), QOffscreenSurface()
surface.create()
made = context.create() and context.makeCurrent(surface)
print("opengl" if made else "no opengl", flush=True)
"""
"""Asks Qt for a window system and OpenGL, in a process of its own: without a display Qt ends the process."""

SECONDS = 60
INSTALL = "pip install 'terrazzo[napari]'"
LIBRARIES = "apt-get install libegl1 libgl1 libgl1-mesa-dri libxcb-cursor0 libxkbcommon-x11-0"


def check_ready(environment: Mapping[str, str] = os.environ) -> None:
    """Raise an InputError that says what is missing for a window with napari.

    Parameters
    ----------
    environment : mapping of str to str
        The variables that say which display there is.
    """
    if importlib.util.find_spec("napari") is None:
        raise InputError(f"napari is not installed; install it with {INSTALL}")
    if not any(importlib.util.find_spec(name) for name in BINDINGS):
        raise InputError(f"there is no Qt, with which napari opens windows; install it with {INSTALL}")
    if sys.platform == "linux" and not _names_display(environment):
        raise InputError(
            "there is no display; log in with one, or run with one in memory: apt-get install xvfb, then xvfb-run -a "
            "python -m terrazzo.napari"
        )
    told = subprocess.run(
        [sys.executable, "-c", PROBE],
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    problem = problem_of(told.returncode, told.stdout, told.stderr)
    if problem is not None:
        raise InputError(problem)


def problem_of(code: int, out: str, error: str) -> str | None:
    """Return what is missing, in a sentence, by what the probe came to; None if nothing is.

    Parameters
    ----------
    code : int
        Its exit status.
    out, error : str
        What it wrote.
    """
    if "no opengl" in out:
        return f"there is no OpenGL, with which napari draws; on Debian or Ubuntu: {LIBRARIES}"
    if code == 0:
        return None
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    library = next((line for line in lines if "cannot open shared object file" in line), None)
    if library is not None:
        return f"Qt cannot be loaded ({library.removeprefix('ImportError: ')}); on Debian or Ubuntu: {LIBRARIES}"
    if "could not connect to display" in error:
        return "the display that DISPLAY names cannot be reached; log in with one, or run with xvfb-run -a"
    if "xcb" in error:
        return f"Qt cannot open the display; on Debian or Ubuntu: {LIBRARIES}"
    said = lines[-1] if lines else f"it ended with status {code}"
    return f"Qt does not start here ({said[:200]}); install napari and Qt anew with {INSTALL}"


def _names_display(environment: Mapping[str, str]) -> bool:
    return any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
