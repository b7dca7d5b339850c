import numpy as np
import pytest

from terrazzo.kernels.culture.colonies import COLONY, REGION, plan_around
from terrazzo.kernels.culture.noise import Window
from terrazzo.kernels.culture.smooth_fields import STEP, fields_around

SEED = np.uint64(8)


def test_four_squares_share_out_the_four_roles():
    plan = plan_around(Window(0, 0, 4096, 4096), SEED)
    radii = plan.ellipses[-plan.row :, -plan.column :, :, 2][:8, :8]
    quads = radii.reshape(4, 2, 4, 2, 2).transpose(0, 2, 1, 3, 4).reshape(16, 4, 2)
    assert ((quads[:, :, COLONY] == 0).sum(axis=1) == 1).all()
    assert ((quads[:, :, REGION] == 0).sum(axis=1) == 1).all()
    assert ((quads[:, :, COLONY] >= 200).sum(axis=1) == 1).all()


def test_a_plan_does_not_depend_on_the_window():
    plan = plan_around(Window(0, 10**7, 3000, 3000), SEED)
    part = plan_around(Window(1700, 10**7 + 900, 10, 10), SEED)
    j, i = part.row - plan.row, part.column - plan.column
    np.testing.assert_array_equal(part.ellipses, plan.ellipses[j : j + 3, i : i + 3])


@pytest.mark.parametrize("seed", range(4))
def test_outlines_are_not_cut_at_the_squares_of_the_plan(seed):
    """An ellipse that reached farther than the squares that are searched would end in a straight cut."""
    fields = fields_around(Window(0, 0, 6144, 6144), np.uint64(seed))
    for depth in (fields.depth, fields.region):
        for before, after in ((depth[1:], depth[:-1]), (depth[:, 1:], depth[:, :-1])):
            near = np.maximum(before, after) > -100.0
            assert np.abs(before - after)[near].max() < 5 * STEP
