from types import SimpleNamespace

from terrazzo.blockwise.cluster.run_blocks import BlockCount
from terrazzo.cli.printing import display
from terrazzo.progress import Step


def test_what_is_done_inside_shows_on_standard_error(capsys):
    with display():
        BlockCount("classes", 4)
        print("an answer")
    shown = capsys.readouterr()
    assert "0/4 blocks" in shown.err
    assert shown.out == "an answer\n"


def test_what_a_display_is_told_shows_as_well(capsys):
    with display() as shown:
        shown(Step("graphs", 1, 2))
        shown(Step("epochs", 3, 20, detail=SimpleNamespace(validation_accuracy=0.5)))
        shown(Step("drawing", 0, 1, detail="drawing 512 x 512 pixels"))
    lines = capsys.readouterr().err
    for text in ("1/2 images", "3/20 epochs, validation accuracy 0.5000", "drawing 512 x 512 pixels"):
        assert text in lines
