import io
import re
import sys
from types import SimpleNamespace

import pytest
from rich.console import Console

from terrazzo.progress import ProgressBar, Step, is_heard, is_notebook, on_progress, shows_progress, tell


def bar():
    return ProgressBar(Console(file=io.StringIO(), width=120))


def note(shown, name):
    return shown.bars.tasks[shown.tasks[name]].fields["note"]


@shows_progress
def work(blocks=3):
    """Do a few blocks."""
    for done in range(blocks + 1):
        tell(Step("classes", done, blocks, done * 1000))
    return is_heard()


@pytest.fixture
def notebook(monkeypatch):
    """Stand in for the kernel of a notebook; return what its cell has shown, the latest last."""
    shown = []

    def display(bars, display_id):
        assert display_id
        shown.append(bars._repr_mimebundle_([], [])["text/plain"])
        return SimpleNamespace(update=lambda bars: shown.append(bars._repr_mimebundle_([], [])["text/plain"]))

    ipython = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    return shown


def test_what_an_earlier_run_has_done_is_shown_and_counts_for_nothing_in_the_rate():
    with bar() as shown:
        tell(Step("classes", 7, 9, 7_000_000_000))
        assert note(shown, "classes") == "7/9 blocks  0.0 Mpx/s"
        tell(Step("classes", 8, 9, 8_000_000_000))
        done, rate = re.fullmatch(r"(\d)/9 blocks  ([\d.]+) Mpx/s", note(shown, "classes")).groups()
        assert done == "8"
        assert float(rate) > 0


@pytest.mark.parametrize(
    ("pixels", "rate"),
    [(123_456_789, "123.5"), (1_000_000, "1.0"), (400_000, "0.40"), (34_567, "0.035"), (12, "0.000012")],
)
def test_a_slow_pass_has_a_rate_of_two_digits(pixels, rate):
    with bar() as shown:
        shown.bars.get_time = lambda: 0.0
        tell(Step("classes", 0, 9))
        shown.bars.get_time = lambda: 1.0
        tell(Step("classes", 1, 9, pixels))
        assert note(shown, "classes") == f"1/9 blocks  {rate} Mpx/s"


def test_the_same_pass_over_the_next_image_begins_anew():
    with bar() as shown:
        for done in range(3):
            tell(Step("classes", done, 2, done * 1000))
        tell(Step("classes", 1, 3, 500))
        assert note(shown, "classes") == "1/3 blocks  0.0 Mpx/s"
        assert shown.bars.tasks[shown.tasks["classes"]].total == 3
        assert len(shown.bars.tasks) == 1


def test_another_fit_after_one_that_ended_early_begins_anew():
    with bar() as shown:
        for done in (1, 2, 3, 1):
            tell(Step("epochs", done, 200))
        assert shown.bars.tasks[shown.tasks["epochs"]].completed == 1


def test_what_is_no_pass_over_blocks_says_what_it_counts():
    with bar() as shown:
        tell(Step("graphs", 1, 2))
        tell(Step("epochs", 3, 20, detail=SimpleNamespace(validation_accuracy=0.98765)))
        tell(Step("comparison", 4, 12, detail="fold-0/gnn/fit"))
    assert note(shown, "graphs") == "1/2 images"
    assert note(shown, "epochs") == "3/20 epochs, validation accuracy 0.9877"
    assert note(shown, "comparison") == "4/12 steps  fold-0/gnn/fit"


def test_it_listens_for_as_long_as_its_context_lasts():
    file = io.StringIO()
    with ProgressBar(Console(file=file, width=120)):
        assert is_heard()
        work()
    assert not is_heard()
    assert "3/3 blocks" in file.getvalue()


def test_without_a_terminal_each_pass_says_how_it_begins_and_ends_and_now_and_then_how_far_it_is(monkeypatch):
    file, now = io.StringIO(), [0.0]
    with ProgressBar(Console(file=file, width=40)) as shown:
        monkeypatch.setattr(shown.bars, "get_time", lambda: now[0])
        for done in range(101):
            now[0] += 10
            tell(Step("graphs", done, 100))
        tell(Step("epochs", 1, 200))
        tell(Step("epochs", 2, 200, detail=SimpleNamespace(validation_accuracy=0.5)))
    lines = file.getvalue().splitlines()
    assert lines[0] == "graphs: 0/100 images"
    assert lines[1] == "graphs: 4/100 images"
    assert lines[-3] == "graphs: 100/100 images"
    assert lines[-2:] == ["epochs: 1/200 epochs", "epochs: 2/200 epochs, validation accuracy 0.5000"]
    assert len(lines) < 30


def test_what_fails_inside_goes_on_failing_and_nobody_listens_any_more():
    with pytest.raises(KeyboardInterrupt), bar():
        raise KeyboardInterrupt
    assert not is_heard()


def test_outside_a_notebook_an_eager_function_shows_nothing_by_itself(capsys):
    assert not is_notebook()
    assert work() is False
    assert capsys.readouterr().out == ""


def test_in_a_notebook_an_eager_function_shows_it_by_itself(notebook):
    assert is_notebook()
    assert work() is True
    assert "3/3 blocks" in notebook[-1]
    assert len(notebook) == 2  # the first step, and how it ended: what lies between came too soon
    assert not is_heard()


def test_in_a_notebook_nothing_is_shown_where_somebody_listens_or_nothing_is_told(notebook):
    told = []
    with on_progress(told.append):
        work()
    assert told[-1] == Step("classes", 3, 3, 3000)
    with ProgressBar():
        pass
    assert notebook == []


def test_a_function_that_shows_progress_keeps_its_name_and_its_words():
    assert work.__name__ == "work"
    assert work.__doc__ == "Do a few blocks."
