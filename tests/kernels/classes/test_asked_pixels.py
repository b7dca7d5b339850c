import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from terrazzo.kernels.classes.asked_pixels import write_answers
from terrazzo.kernels.standardised import LIMIT
from terrazzo.models.lattice.decide_pixels import interpolated

UNITS, CLASSES, COLUMNS = 5, 3, (6, 3, 1)


class Tile:
    """A tile of pixels with all that they are asked by, at random."""

    def __init__(self, shape, start, seed):
        self.rng, self.shape, self.start = np.random.default_rng(seed), shape, start
        ends = [(begin, begin + side) for begin, side in zip(start, shape[1:], strict=True)]
        self.responses = tuple(
            self.normal(columns, shape[0], *(((b - 1) >> level) - (a >> level) + 1 for a, b in ends))
            for level, columns in enumerate(COLUMNS)
        )
        self.scale = tuple(np.stack([self.normal(columns), 1 + self.normal(columns) ** 2]) for columns in COLUMNS)
        self.seen, self.decide = tuple(self.normal(columns, UNITS) for columns in COLUMNS), self.normal(CLASSES, UNITS)
        span = (1 if shape[0] == 1 else 3, 4, 5)
        self.own, self.around = self.normal(np.prod(span), UNITS), self.normal(*span, UNITS)
        self.begin = self.normal(np.prod(span), CLASSES)
        self.cells = self.rng.integers(0, np.prod(span), shape).astype(np.int32)
        self.at = [self.rng.uniform(-1, many, side).astype(np.float32) for many, side in zip(span, shape, strict=True)]
        if shape[0] == 1:
            self.at[0][:] = 0
        self.last = np.array(span) - 1

    def normal(self, *shape):
        return self.rng.standard_normal(shape).astype(np.float32)

    def answers(self, asked):
        classes = np.full(self.shape, 9, np.uint8)
        logits = np.empty((asked.sum(), CLASSES), np.float32)
        floors = [np.floor(at).astype(np.int64) for at in self.at]
        below = tuple(floor.clip(0, last) for floor, last in zip(floors, self.last, strict=True))
        above = tuple((floor + 1).clip(0, last) for floor, last in zip(floors, self.last, strict=True))
        places = below, above, tuple(at - np.floor(at) for at in self.at)
        network, tables = (self.scale, self.seen, (self.decide,)), (self.own, self.around, self.begin)
        write_answers(asked, self.cells, self.start, self.responses, network, tables, places, classes, logits)
        return classes, logits

    def slow_answers(self):
        """What all pixels answer, response by response and as training interpolates."""
        z, y, x = np.indices(self.shape)
        hidden = torch.from_numpy(self.own)[self.cells.ravel()].double()
        for level, responses in enumerate(self.responses):
            down, across = (((a + at) >> level) - (a >> level) for a, at in zip(self.start, (y, x), strict=True))
            values = (responses[:, z, down, across].reshape(len(responses), -1).T - self.scale[level][0]) / self.scale[
                level
            ][1]
            hidden += torch.from_numpy(np.nan_to_num(values, nan=0).clip(-LIMIT, LIMIT) @ self.seen[level])
        at = torch.from_numpy(np.stack([a[place] for a, place in zip(self.at, (z, y, x), strict=True)], -1))
        ends = torch.zeros(3, dtype=torch.int64), torch.from_numpy(self.last)
        hidden += interpolated(torch.from_numpy(self.around), at.reshape(-1, 3), *ends)
        heard = functional.gelu(hidden) @ torch.from_numpy(self.decide).double().T
        return heard.numpy().reshape(*self.shape, CLASSES) + self.begin[self.cells]


tiles = st.builds(
    Tile,
    st.tuples(st.sampled_from([1, 2]), st.integers(1, 12), st.integers(1, 150)),
    st.tuples(st.integers(0, 9), st.integers(0, 9)),
    st.integers(0, 2**32 - 1),
)


@settings(deadline=None)
@given(tiles, st.floats(0, 1))
def test_pixels_answer_as_the_network_says_and_each_the_same_whoever_else_is_asked(tile, share):
    everyone, logits = tile.answers(np.ones(tile.shape, bool))
    logits = logits.reshape(*tile.shape, CLASSES)
    assert np.allclose(logits, tile.slow_answers(), rtol=1e-5, atol=1e-5)
    assert np.array_equal(everyone, logits.argmax(axis=-1))
    asked = tile.rng.random(tile.shape) < share
    classes, some = tile.answers(asked)
    assert np.array_equal(some, logits[asked])
    assert np.array_equal(classes, np.where(asked, everyone, 9))


@pytest.mark.parametrize(("value", "as_if"), [(np.nan, 0), (np.inf, LIMIT), (-1e30, -LIMIT)])
def test_a_response_that_is_missing_or_huge_counts_as_the_mean_or_the_limit(value, as_if):
    tile, same = Tile((1, 4, 4), (0, 0), 1), Tile((1, 4, 4), (0, 0), 1)
    for one in (tile, same):
        one.scale[1][:, 0] = 0, 1
    tile.responses[1][0], same.responses[1][0] = value, as_if
    asked = np.ones(tile.shape, bool)
    assert np.array_equal(tile.answers(asked)[1], same.answers(asked)[1])
