import pytest
from flat import comparing
from textures import NAMES, striped

import terrazzo as tz

SETTINGS = {
    "lattice": {"levels": 1, "blocks": 1, "width": 8, "size": 8, "steps": 60, "epochs": 20},
    "forest": {"samples": 1000, "trees": 10},
}
QUICK = {"class_names": NAMES, "epochs": 4, "sizes": (), "sides": ()}


@pytest.fixture(scope="session")
def pairs():
    """Images and annotations, five each."""
    drawn = [striped(side=96, seed=seed) for seed in range(5)]
    return [image for image, _ in drawn], [classes for _, classes in drawn]


@pytest.fixture(scope="session")
def compared(pairs, tmp_path_factory):
    """A comparison of two methods, finished."""
    folder = tmp_path_factory.mktemp("compared") / "report"
    settings = {name: SETTINGS[name] for name in ("lattice", "forest")}
    options = QUICK | {"sizes": (8, 16), "sides": (128, 256)}
    return tz.compare(*pairs, folder, **comparing(methods=("lattice", "forest"), settings=settings, **options))
