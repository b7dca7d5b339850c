import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.regions.graphs.scaling import FeatureMoments


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.floats(-1e4, 1e4), st.integers(0, 99))
def test_moments_of_tables_add_up_to_those_of_all_rows(lengths, mean, seed):
    rng = np.random.default_rng(seed)
    tables = [(rng.standard_normal((n, 3)) + mean).astype(np.float32) for n in lengths]
    for table in tables:
        table[rng.random(table.shape) < 0.2] = np.nan
    whole, summed = FeatureMoments.of(np.concatenate(tables)), FeatureMoments.of(tables[0])
    for table in tables[1:]:
        summed = summed + FeatureMoments.of(table)
    for name in ("count", "mean", "squares"):
        assert np.allclose(getattr(summed, name), getattr(whole, name), rtol=1e-9, atol=1e-6)
    values = np.concatenate(tables).astype(np.float64)
    some = np.isfinite(values).any(axis=0)
    spread = np.nanvar(values[:, some], axis=0)
    assert np.allclose((whole.squares / np.maximum(whole.count, 1))[some], spread, rtol=1e-9, atol=1e-6)
    assert (whole.count == np.isfinite(values).sum(axis=0)).all()
