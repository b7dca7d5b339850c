import importlib.util
import subprocess
import sys

import pytest

from terrazzo.errors import InputError
from terrazzo.napari import ready
from terrazzo.napari.__main__ import main
from terrazzo.napari.ready import check_ready, problem_of


def without(monkeypatch, *missing):
    """Let some packages be missing, and others there."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in missing else object())


def test_without_napari_one_sentence_says_what_to_install(monkeypatch, capsys):
    without(monkeypatch, "napari")
    assert main([]) == 2
    assert capsys.readouterr().err == "Error: napari is not installed; install it with pip install 'terrazzo[napari]'\n"


def test_without_qt_or_a_display_one_sentence_says_what_to_do(monkeypatch):
    without(monkeypatch, *ready.BINDINGS)
    with pytest.raises(InputError, match="there is no Qt"):
        check_ready({})
    without(monkeypatch)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(InputError, match=r"there is no display; .* xvfb-run -a"):
        check_ready({})


@pytest.mark.parametrize(
    ("probed", "told"),
    [
        ((0, "opengl\n", ""), None),
        ((0, "no opengl\n", ""), "there is no OpenGL"),
        ((1, "", "ImportError: libEGL.so.1: cannot open shared object file: No such file"), "(libEGL.so.1: cannot"),
        ((-6, "", "qt.qpa.xcb: could not connect to display :9\n"), "the display that DISPLAY names"),
        ((-6, "", "qt.qpa.plugin: From 6.5.0, xcb-cursor0 is needed"), "Qt cannot open the display"),
        ((1, "", "Traceback\nValueError: odd"), "Qt does not start here (ValueError: odd)"),
    ],
)
def test_what_qt_says_becomes_a_sentence(monkeypatch, probed, told):
    without(monkeypatch)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], *probed))
    if told is None:
        check_ready({"DISPLAY": ":9"})
        return
    with pytest.raises(InputError) as caught:
        check_ready({"DISPLAY": ":9"})
    assert told in str(caught.value)
    assert problem_of(*probed) == str(caught.value)
    assert "\n" not in str(caught.value)
