"""Spaces of any kind for hypothesis."""

from hypothesis import strategies as st

from terrazzo.genes.parameter import Choice, Range
from terrazzo.genes.space import default_space


@st.composite
def ranges(draw, name, lowest, highest, *, whole, log, heights, most=2):
    numbers = st.integers(lowest, highest) if whole else st.floats(lowest, highest)
    low, high = sorted(draw(st.tuples(numbers, numbers)))
    moves = st.integers(0, most) if whole and not log else st.floats(0, most)
    return Range(name, low, high, deltas=draw(st.lists(moves, max_size=heights)), log=log, whole=whole)


@st.composite
def spaces(draw, axes=2):
    """A space of small networks, of either kind."""
    kernels = draw(st.lists(st.sampled_from((1, 3, 5, (3,) * axes, (1,) * (axes - 1) + (3,))), min_size=1, unique=True))
    width = draw(ranges("width", 1, 12, whole=True, log=True, heights=3))
    rate = draw(ranges("learning_rate", 1e-4, 1e-1, whole=False, log=True, heights=0))
    dropout = draw(ranges("dropout", 0, 0.5, whole=False, log=False, heights=1))
    if draw(st.booleans()):
        depth = draw(ranges("depth", 1, 3, whole=True, log=False, heights=0))
        convolutions = draw(ranges("convolutions", 1, 3, whole=True, log=False, heights=3))
        pools = Choice("pool", draw(st.permutations((1, 2, 3))), deltas=draw(st.lists(st.integers(0, 2), max_size=2)))
        kernel = Choice("kernel", kernels, deltas=draw(st.lists(st.integers(0, 2), max_size=3)))
        pyramid = Choice(
            "pyramid", draw(st.permutations((0, 1, 5))), deltas=draw(st.lists(st.integers(0, 2), max_size=2))
        )
        crf = draw(ranges("crf", 0, 2, whole=True, log=False, heights=1))
        radius = Choice("crf_radius", draw(st.permutations((1, (0,) * (axes - 1) + (2,)))), deltas=(1,))
        optional = draw(st.sampled_from([(), (crf, radius), (pyramid,), (pyramid, crf, radius)]))
        return default_space("unet", axes, width, rate, dropout, depth, convolutions, pools, kernel, *optional)
    levels = draw(ranges("levels", 0, 3, whole=True, log=False, heights=0))
    rounds = draw(ranges("rounds", 0, 4, whole=True, log=False, heights=1))
    steps = draw(ranges("crf_steps", 0, 3, whole=True, log=False, heights=1))
    return default_space("lattice", axes, width, rate, dropout, levels, rounds, steps)
