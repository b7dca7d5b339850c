"""A small project with a little network: what sessions are opened on."""

import numpy as np
import pytest
from textures import striped

import terrazzo as tz
from terrazzo.blocks import Box
from terrazzo.napari import work
from terrazzo.napari.session import Session
from terrazzo.project import fit_graphs

CLASSES = {"smooth": "#336699", "striped": "#ff8800"}
SIDE = 192


@pytest.fixture(scope="session")
def picture():
    return striped(side=SIDE, seed=1)


@pytest.fixture
def study(picture, tmp_path):
    """A project of one image in four blocks, on which nothing is drawn."""
    tz.write_ome_zarr(tmp_path / "wood.ome.zarr", picture[0], axes="yx", pixel_size=(0.5, 0.5))
    return tz.Project.begin(tmp_path / "study", [tmp_path / "wood.ome.zarr"], size=8, classes=CLASSES, block=96)


@pytest.fixture
def session(study):
    opened = Session.open(study)
    yield opened
    opened.close()


@pytest.fixture
def little(monkeypatch):
    """Fits of a few steps of a network that is quick to fit."""
    whole = fit_graphs.network_of
    settings = tz.LatticeSettings(width=8, levels=1, blocks=1, pixel_width=8)
    monkeypatch.setattr(fit_graphs, "LatticeSettings", lambda: settings)
    monkeypatch.setattr(fit_graphs, "network_of", whole)
    for name, steps in (("FIRST_STEPS", 12), ("NEXT_STEPS", 8), ("LIVE_STEPS", 4)):
        monkeypatch.setattr(work, name, steps)


def draw_truth(session, truth, number=24, seed=0):
    """Draw squares of one class each where they are, as an annotator would."""
    rng = np.random.default_rng(seed)
    while number:
        top, left = (int(rng.integers(0, side - 12)) for side in truth.shape)
        box = Box((top, left), (top + 12, left + 12))
        cut = truth[box.slices]
        if (cut == cut[0, 0]).all():
            session.canvas.paint(box, cut.astype(np.uint8), np.ones(box.shape, bool))
            number -= 1
    box = Box((0, 0), (1, 1))
    labels = session.labels(window(box))
    session.draw(window(box), labels, np.full((1, 1), 1 + truth[0, 0], np.uint8))


def window(box):
    from terrazzo.napari.window import Window

    return Window(box, (1, 1))
