import json
import subprocess
import sys

import pytest

import terrazzo

SLOW = ("torch", "dgl", "matplotlib", "dask", "distributed", "numba", "zarr", "scipy", "skimage", "pyarrow")

PROBE = """
import json, sys
before = set(sys.modules)
import terrazzo
alone = set(sys.modules) - before
terrazzo.Lattice
print(json.dumps([sorted(alone), sorted(sys.modules)]))
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


def test_importing_the_package_loads_the_standard_library_alone_and_its_values_nothing_large():
    probe = subprocess.run([sys.executable, "-c", PROBE], check=True, capture_output=True, text=True)
    alone, with_a_value = json.loads(probe.stdout)
    assert {name.split(".")[0] for name in alone} - sys.stdlib_module_names == {"terrazzo"}
    assert not set(SLOW).intersection(with_a_value)


def test_every_error_is_a_value_error():
    from terrazzo.errors import InputError, ModelError, ParameterError

    for error in (InputError, ModelError, ParameterError):
        assert issubclass(error, terrazzo.TerrazzoError)
        assert issubclass(error, ValueError)
