import numpy as np
import pytest

import terrazzo as tz
from terrazzo.comparison.assignment import named_sources
from terrazzo.comparison.folder import begun
from terrazzo.errors import InputError


@pytest.fixture
def mask(tmp_path):
    """A mask of 0 and 255 on disk, and its image."""
    values = np.where(np.eye(20, dtype=bool), 255, 0).astype(np.uint8)
    for name in ("image", "mask"):
        np.save(tmp_path / f"{name}.npy", values)
    return tz.open_image(tmp_path / "image.npy"), tmp_path / "mask.npy"


def test_other_processes_read_an_annotation_as_its_map_has_it(mask, tmp_path):
    image, path = mask
    (source,) = named_sources([image], [tz.open_labels(path, map={255: 1})], tmp_path / "inputs")
    assert np.array_equal(source.annotation.labels().plane.compute(), np.eye(20))


def test_a_comparison_does_not_go_on_with_another_map(mask, tmp_path):
    image, path = mask

    def begin(**reading):
        with begun(tmp_path / "report", [image], [tz.open_labels(path, **reading)], {}, overwrite=False):
            pass

    begin(map={255: 1})
    begin(map={255: 1})
    for other in ({}, {"map": {255: 2}}):
        with pytest.raises(InputError, match="holds a comparison with other images or annotations"):
            begin(**other)
