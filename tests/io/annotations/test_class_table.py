import pytest

from terrazzo.errors import InputError
from terrazzo.io.annotations.class_table import read_class_table


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("name,colour\na,#ff0000\nb b,#00FF00\n", {"a": "#ff0000", "b b": "#00FF00"}),
        ("\ufeffName, color\na, ff0000\n", {"a": "#ff0000"}),
        ("name,r,g,b\nSky,128,128,128\nRoad,0,0,255\n", {"Sky": "#808080", "Road": "#0000ff"}),
        ("class\na\nb\n", ["a", "b"]),
    ],
)
def test_a_table_has_a_class_per_row(tmp_path, text, classes):
    (tmp_path / "classes.csv").write_text(text, encoding="utf-8")
    assert read_class_table(tmp_path / "classes.csv") == classes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no class; write a line 'name,colour'"),
        ("a,b\n1,2\n", "has the columns a, b; it needs name"),
        ("name,colour\na,#ff0000\na,#00ff00\n", "names the class 'a' twice"),
        ("name,r,g,b\na,1,2,300\n", "has the colour 1, 2, 300; each is a whole number from 0 to 255"),
    ],
)
def test_a_table_that_is_none_is_one_sentence(tmp_path, text, message):
    (tmp_path / "classes.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_class_table(tmp_path / "classes.csv")


def test_a_table_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"there is no file at '.*none\.csv'; give a CSV with a class per row"):
        read_class_table(tmp_path / "none.csv")
