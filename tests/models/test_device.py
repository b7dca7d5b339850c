import pytest
import torch

from terrazzo.errors import ParameterError
from terrazzo.models.device import choose_device, has_bfloat16

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")
without_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")


def test_the_cpu_is_always_there():
    assert choose_device("cpu") == torch.device("cpu")


def test_auto_takes_the_gpu_where_there_is_one():
    assert choose_device().type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "tpu", "", "cpu:0:1"])
def test_an_unknown_name_is_refused(name):
    with pytest.raises(ParameterError, match=f"no device '{name}'; use 'auto', 'cpu', 'cuda'"):
        choose_device(name)


@without_gpu
@pytest.mark.parametrize("name", ["cuda", "cuda:0"])
def test_cuda_without_a_gpu_is_refused_with_the_remedy(name):
    with pytest.raises(ParameterError, match=rf"device '{name}' was asked for, but torch .*; use 'cpu'"):
        choose_device(name)


@pytest.mark.gpu
@needs_gpu
def test_a_gpu_beyond_the_last_is_refused():
    assert choose_device("cuda:0") == torch.device("cuda:0")
    with pytest.raises(ParameterError, match="'cuda:99' was asked for, but there are"):
        choose_device("cuda:99")


def test_a_processor_tells_whether_it_has_bfloat16(monkeypatch):
    for told, has in ({"avx512_bf16": True}, True), ({"amx_bf16": False, "avx2": True}, False):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda told=told: told)
        assert has_bfloat16(torch.device("cpu")) is has
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert has_bfloat16(torch.device("cpu")) is False
