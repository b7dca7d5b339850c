import json
import subprocess
import sys

import pytest

import terrazzo

SLOW = ("torch", "dgl", "matplotlib", "dask", "distributed", "numba", "zarr", "scipy", "skimage", "pyarrow")

PROBE = f"""
import json, sys, time
began = time.perf_counter()
import terrazzo
seconds = time.perf_counter() - began
terrazzo.Lattice
print(json.dumps([seconds, [name for name in {SLOW} if name in sys.modules]]))
"""


@pytest.mark.parametrize("name", terrazzo.__all__)
def test_every_public_name_resolves_and_is_documented(name):
    value = getattr(terrazzo, name)
    assert value.__doc__
    assert name == "__version__" or value.__name__ == name


def test_the_public_names_are_listed_by_dir():
    assert set(terrazzo.__all__) <= set(dir(terrazzo))


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'terrazzo' has no attribute 'segment'"):
        terrazzo.segment  # noqa: B018


def test_importing_the_package_is_quick_and_loads_nothing_large():
    probe = subprocess.run([sys.executable, "-c", PROBE], check=True, capture_output=True, text=True)
    seconds, loaded = json.loads(probe.stdout)
    assert loaded == []
    assert seconds < 1.0  # 0.3 on a quiet machine; numpy is not even needed


def test_every_error_is_a_value_error():
    from terrazzo.errors import InputError, ModelError, ParameterError

    for error in (InputError, ModelError, ParameterError):
        assert issubclass(error, terrazzo.TerrazzoError)
        assert issubclass(error, ValueError)
