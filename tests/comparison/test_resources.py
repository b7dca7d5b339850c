import numpy as np

from terrazzo.comparison.resources import measured

MIB = 2**20


def test_memory_and_seconds_are_those_of_the_work_inside():
    with measured() as small:
        pass
    with measured() as large:
        held = np.ones(64 * MIB, np.uint8)
        del held
    with measured() as after:
        pass
    assert large.peak_memory - small.peak_memory > 50 * MIB
    assert after.peak_memory < large.peak_memory - 50 * MIB
    assert large.seconds > 0
    assert large.gpu_memory is None or large.gpu_memory >= 0


def test_energy_is_told_or_said_not_to_be():
    with measured() as taken:
        sum(range(10**6))
    assert (taken.energy is None) == (taken.energy_from == "not told by this machine")
    assert taken.energy is None or taken.energy >= 0
