import numpy as np
import pytest

from terrazzo.training.unet.patch_batches import augmented


@pytest.mark.parametrize("extent", [(12, 12), (12, 8), (3, 10, 10), (3, 10, 6)])
def test_pixels_and_their_classes_move_together_and_sections_stay_sections(extent):
    truth = np.arange(np.prod(extent)).reshape(extent)
    pixels = truth[None].astype(np.float32)
    seen = set()
    for seed in range(60):
        brighter, moved = augmented(pixels, truth, np.random.default_rng(seed))
        assert moved.shape == extent
        slope, offset = np.polyfit(moved.ravel(), brighter.ravel(), 1)
        assert np.allclose(brighter, slope * moved + offset, atol=1e-2)
        if len(extent) == 3:
            section = np.prod(extent[1:])
            assert all(len(np.unique(one // section)) == 1 for one in moved)
        seen.add(moved.tobytes())
    square = extent[-1] == extent[-2]
    assert len(seen) == (8 if square else 4) * (2 if len(extent) == 3 else 1)


def test_channels_change_by_themselves():
    pixels = np.ones((2, 4, 4), np.float32)
    brighter, _ = augmented(pixels, np.zeros((4, 4), np.uint8), np.random.default_rng(0))
    first, second = brighter.reshape(2, -1)
    assert np.ptp(first) == np.ptp(second) == 0
    assert first[0] != second[0]
    assert np.abs(brighter - 1).max() < 1
