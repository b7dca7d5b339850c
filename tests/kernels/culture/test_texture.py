import numpy as np
import pytest

from terrazzo.kernels.culture.noise import Window, squares
from terrazzo.kernels.culture.texture import align, blank_row, distance, find_nearest, place, sites_around

SEED = np.uint64(3)
WINDOW = Window(-20, 10**7 - 31, 60, 190)


def nearest_two(y, x, sites):
    """Return rows and columns, and distances, of the two nearest sites among those within reach of a pixel."""
    row, group = y // sites.pitch - sites.row, x // (sites.pitch * sites.span)
    first = group * sites.span - sites.column
    rows = np.arange(row - sites.reach, row + sites.reach + 1)
    columns = np.arange(first - sites.reach, first + sites.span + sites.reach)
    j, i = (grid.ravel() for grid in np.meshgrid(rows, columns, indexing="ij"))
    dy, dx = y - sites.y[j, i], x - sites.x[j, i]
    axis_y, axis_x = sites.axes[j, i].T
    along, across = dy * axis_y + dx * axis_x, dy * axis_x - dx * axis_y
    lengths = np.sqrt(along**2 / sites.stretch + across**2 * sites.stretch)
    order = np.argsort(lengths)[:2]
    return list(zip(j[order], i[order], strict=True)), lengths[order]


def test_squares_of_a_run_count_below_zero_too():
    assert squares(-1, 2, 10, 0) == (-1, 2)
    assert squares(0, 10, 10, 1) == (-1, 3)
    assert squares(-20, 11, 10, 0) == (-2, 2)


def test_every_square_holds_its_site():
    sites = sites_around(WINDOW, 14, 1, 4, 1.0, SEED)
    rows, columns = sites.y.shape
    assert (np.floor(sites.y / 14) == sites.row + np.arange(rows)[:, None]).all()
    assert (np.floor(sites.x / 14) == sites.column + np.arange(columns)).all()


def test_sites_do_not_depend_on_the_window():
    sites = sites_around(WINDOW, 14, 1, 4, 1.0, SEED)
    part = sites_around(Window(3, WINDOW.x + 70, 5, 9), 14, 1, 4, 1.0, SEED)
    j, i = part.row - sites.row, part.column - sites.column
    here = np.s_[j : j + part.y.shape[0], i : i + part.y.shape[1]]
    np.testing.assert_array_equal(part.words, sites.words[here])
    np.testing.assert_array_equal(part.y, sites.y[here])


def test_axes_have_length_one_and_turn_slowly():
    sites = sites_around(Window(0, 0, 600, 600), 34, 2, 1, 2.4, SEED)
    align(sites, 600, SEED)
    np.testing.assert_allclose((sites.axes**2).sum(axis=2), 1.0)
    turns = np.abs((sites.axes[:, 1:] * sites.axes[:, :-1]).sum(axis=2))
    assert np.median(turns) > 0.9
    assert sites.axes[..., 0].std() > 0.1


@pytest.mark.parametrize(("pitch", "reach", "span", "stretch"), [(14, 1, 4, 1.0), (34, 2, 1, 2.4)])
def test_the_two_nearest_sites_are_found(pitch, reach, span, stretch):
    sites = sites_around(WINDOW, pitch, reach, span, stretch, SEED)
    align(sites, 300, SEED)
    found, y = blank_row(WINDOW.width), 13
    xs = np.arange(WINDOW.x, WINDOW.x + WINDOW.width)
    needed = np.ones(xs.size, bool)
    find_nearest(y // pitch, WINDOW.x, needed, np.full(xs.size, float(y)), xs.astype(float), sites, found)
    for i, x in enumerate(xs):
        expected, lengths = nearest_two(y, int(x), sites)
        assert [place(key[i], y, int(x), sites) for key in found] == expected
        np.testing.assert_allclose([distance(key[i]) for key in found], lengths, atol=0.04)


def test_pixels_that_need_no_answer_cost_none():
    sites = sites_around(WINDOW, 14, 1, 4, 1.0, SEED)
    found = blank_row(WINDOW.width)
    found.first[:] = -1.0
    x = np.arange(WINDOW.width) + float(WINDOW.x)
    needed = np.zeros(x.size, bool)
    needed[100] = True
    find_nearest(0, WINDOW.x, needed, np.zeros(x.size), x, sites, found)
    assert found.first[100] >= 0
    assert (found.first == -1.0).sum() >= x.size - 56
