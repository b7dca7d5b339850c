import pytest
from textures import NAMES, striped

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
