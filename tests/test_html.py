from notebook_tables import Table

from terrazzo.html import Html, escaped, figures, swatches, table

NAUGHTY = "<script>alert('1')</script> & \"co\""


def test_a_table_has_a_title_and_a_row_for_all_that_is_there():
    read = Table(table("terrazzo.Image", {"Extent": "(y: 3, x: 4)", "Level": None, "Channels": 2}))
    assert read.title == "terrazzo.Image"
    assert read.rows == {"Extent": "(y: 3, x: 4)", "Channels": "2"}
    assert read.picture is None


def test_what_users_name_is_escaped_wherever_it_stands():
    texts = (
        table(NAUGHTY, {NAUGHTY: NAUGHTY}),
        table("a", {"b": swatches([NAUGHTY], [NAUGHTY])}),
        table("a", {"b": figures([NAUGHTY], [[NAUGHTY, NAUGHTY]])}),
    )
    for text in texts:
        assert "<script" not in text
        assert 'co"' not in text
    assert Table(texts[0]).rows == {NAUGHTY: NAUGHTY}
    assert Table(texts[0]).title == NAUGHTY


def test_what_is_html_already_is_left_as_it_is():
    assert escaped(Html("<b>1</b>")) == "<b>1</b>"
    assert escaped("<b>") == "&lt;b&gt;"


def test_a_class_stands_behind_its_colour_and_of_many_the_first_are_shown():
    assert "background: #ff0000" in swatches(["ground"], ["#ff0000"])
    many = swatches([f"class {n}" for n in range(20)], ["#ff0000"] * 20)
    assert "class 11" in many
    assert "class 12" not in many
    assert "(20 in all)" in many


def test_figures_have_a_head_and_lines():
    assert Table(figures(("", "a", "b"), [("one", 1, 2)])).lines == [["", "a", "b"], ["one", "1", "2"]]
