import numpy as np
import pytest

from terrazzo.kernels.culture.noise import bump, fade, ridge
from terrazzo.kernels.culture.phase_contrast import expose, halo, packed_cell, spread_cell

SEED = np.uint64(1)


def test_profiles_start_and_end_where_they_say():
    assert (fade(0.0), fade(0.5), fade(1.0)) == (0.0, 0.5, 1.0)
    assert (bump(0.0), bump(0.5), bump(1.0), bump(7.0)) == (1.0, 0.25, 0.0, 0.0)
    assert (ridge(0.0, 3.0), ridge(3.0, 3.0), ridge(-5.0, 3.0)) == (1.0, 0.0, 0.0)


def test_a_colony_has_a_bright_rim_outside_and_a_shade_inside():
    assert halo(-3.0, 0.0) > 40
    assert halo(8.0, 0.0) < 0
    assert halo(-60.0, 0.0) == halo(200.0, 0.0) == 0


@pytest.mark.parametrize("word", [np.uint64(5), np.uint64(2**63 + 11)])
def test_packed_cells_are_dark_at_the_seam_and_bright_in_the_middle(word):
    middle = packed_cell(0.0, 0.0, 9.0, 100.0, 0.0, 0.0, word)
    assert middle - packed_cell(0.0, 7.0, 0.0, 100.0, 0.0, 0.0, word) > 30


@pytest.mark.parametrize("word", [np.uint64(5), np.uint64(2**63 + 11)])
def test_spread_cells_are_outlined_by_a_dark_and_a_bright_line(word):
    dark, bright, body = (spread_cell(20.0, 12.0, gap, 0.0, 0.0, word) for gap in (0.0, 3.4, 9.0))
    assert dark < body < bright


def test_the_lens_keeps_the_sum_of_light():
    scene = np.zeros((7, 7))
    scene[3, 3] = 160.0
    image = np.empty((5, 5), np.uint8)
    expose(scene, 0, 0, SEED, 0.0, image)
    assert image.sum() == 160
    np.testing.assert_array_equal(image[2, 1:4], [20, 40, 20])


def test_light_beyond_the_range_is_clipped_and_not_wrapped():
    image = np.empty((2, 2), np.uint8)
    expose(np.full((4, 4), 900.0), 0, 0, SEED, 2.0, image)
    assert (image == 255).all()
    expose(np.full((4, 4), -900.0), 0, 0, SEED, 2.0, image)
    assert (image == 0).all()


def test_sensor_noise_has_the_strength_that_is_asked_for():
    image = np.empty((200, 200), np.uint8)
    expose(np.full((202, 202), 128.0), 0, 0, SEED, 5.0, image)
    assert image.std() == pytest.approx(5.0, rel=0.03)
    assert image.mean() == pytest.approx(128.0, abs=0.15)
