"""The reference names everything that is public."""

import re
from pathlib import Path

import pytest

import terrazzo

REFERENCE = Path(__file__).parents[1] / "docs" / "reference.md"
DOCUMENTED = re.findall(r"^\.\. auto\w+:: ([\w.]+)", REFERENCE.read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", sorted(set(terrazzo.__all__) - {"__version__"}))
def test_a_public_name_has_its_place_in_the_reference(name):
    assert f"terrazzo.{name}" in DOCUMENTED


def test_the_version_is_on_the_reference_page():
    assert "`tz.__version__`" in REFERENCE.read_text()


def test_nothing_is_documented_twice():
    assert len(DOCUMENTED) == len(set(DOCUMENTED))
