import mmap

import numpy as np
import pytest
import torch

from terrazzo.comparison.resources import measured

MIB = 2**20
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")


def test_memory_and_seconds_are_those_of_the_work_inside():
    with measured() as small:
        pass
    with measured() as large:
        # from the system: what this process had let go of would not add to what it holds
        held = mmap.mmap(-1, 64 * MIB)
        np.frombuffer(held, np.uint8)[:] = 1
        held.close()
    with measured() as after:
        pass
    assert large.peak_memory - small.peak_memory > 50 * MIB
    assert after.peak_memory < large.peak_memory - 50 * MIB
    assert large.seconds > 0
    assert large.gpu_memory is None


@pytest.mark.gpu
@needs_gpu
def test_memory_of_a_gpu_is_that_of_the_work_inside():
    gpu = torch.device("cuda:0")
    torch.zeros(1, device=gpu)
    with measured(gpu) as taken:
        held = torch.ones(64 * MIB, dtype=torch.uint8, device=gpu)
        del held
    assert 64 * MIB <= taken.gpu_memory < 70 * MIB
    assert taken.gpu_device_memory >= taken.gpu_memory
    with measured(torch.device("cpu")) as elsewhere:
        torch.ones(MIB)
    assert elsewhere.gpu_memory is None


def test_energy_is_told_or_said_not_to_be():
    with measured() as taken:
        sum(range(10**6))
    assert (taken.energy is None) == (taken.energy_from == "not told by this machine")
    assert taken.energy is None or taken.energy >= 0
