"""In the kernel of a notebook, a real one, eager work shows how far it is."""

import sys

import pytest

pytest.importorskip("ipykernel", reason="the kernel of a notebook is ipykernel: install terrazzo[test]")
manager = pytest.importorskip("jupyter_client.manager")

WORK = """
import time
from terrazzo.progress import Step, on_progress, tell
from terrazzo.progress import shows_progress

@shows_progress
def work():
    for done in range(4):
        tell(Step("classes", done, 3, done * 1000000))
        time.sleep(0.15)
"""


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    """Run a cell in a kernel; return what it has shown."""
    folder = tmp_path_factory.mktemp("kernel")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
            patch.setenv(name, str(folder))
        kernel = manager.KernelManager()
        kernel.kernel_spec.argv[0] = sys.executable
        kernel.start_kernel()
        client = kernel.blocking_client()
        client.start_channels()
        client.wait_for_ready(timeout=600)

        def run(code):
            shown = []
            answer = client.execute_interactive(code, output_hook=shown.append, timeout=600)
            assert answer["content"]["status"] == "ok", answer
            return [one for one in shown if one["msg_type"] in ("display_data", "update_display_data", "stream")]

        run(WORK)
        yield run
        client.stop_channels()
        kernel.shutdown_kernel(now=True)


def test_the_bar_is_one_output_of_the_cell_that_is_kept_up_to_date(cell):
    shown = cell("work()")
    kinds = [one["msg_type"] for one in shown]
    assert kinds[0] == "display_data"
    assert set(kinds[1:]) == {"update_display_data"}
    assert len({one["content"]["transient"]["display_id"] for one in shown}) == 1
    assert "0/3 blocks" in shown[0]["content"]["data"]["text/plain"]
    assert "3/3 blocks" in shown[-1]["content"]["data"]["text/html"]


def test_a_bar_that_was_asked_for_shows_once(cell):
    shown = cell("import terrazzo as tz\nwith tz.ProgressBar():\n    work()\n    work()")
    assert [one["msg_type"] for one in shown].count("display_data") == 1


def test_nothing_shows_where_somebody_listens(cell):
    assert cell("told = []\nwith on_progress(told.append):\n    work()\nassert len(told) == 4") == []
