from terrazzo.blockwise.cluster.run_blocks import BlockCount
from terrazzo.cli.printing import display


def test_what_is_done_inside_shows_on_standard_error(capsys):
    with display():
        BlockCount("classes", 4)
        print("an answer")
    shown = capsys.readouterr()
    assert "0/4 blocks" in shown.err
    assert shown.out == "an answer\n"


def test_what_a_display_is_told_shows_as_well(capsys):
    with display() as shown:
        shown.graphs(1, 2)
        shown.epoch(3, 20, 0.5)
        shown.step("drawing")
    lines = capsys.readouterr().err
    for text in ("1/2 images", "3/20 epochs  validation accuracy 0.5000", "drawing"):
        assert text in lines
