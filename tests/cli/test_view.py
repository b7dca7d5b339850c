import json
import signal
import socket
import subprocess
import sys
import urllib.request

import imageio.v3 as imageio
import numpy as np
import pytest
from shown import require_client, squares, stored, write_shown

EXTENT = (96, 120)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A folder with an image and a result that knows where it is."""
    require_client()
    folder = tmp_path_factory.mktemp("study")
    imageio.imwrite(folder / "a.png", squares(EXTENT, 256))
    made_from = {"image": str(folder / "a.png"), "level": 0, "axes": "yx"}
    write_shown(folder / "result.zarr", EXTENT, (12, 12), made_from=made_from)
    return folder


def test_a_page_is_served_until_ctrl_c(study):
    command = [sys.executable, "-m", "terrazzo", "view", str(study / "a.png"), str(study / "result.zarr")]
    hear = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **hear) as process:
        address = process.stdout.readline().strip()
        said = process.stderr.readline()
        with urllib.request.urlopen(f"{address}classes/zarr.json") as answer:
            assert json.loads(answer.read())["node_type"] == "group"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    port = address.split(":")[2].split("/")[0]
    assert f"ssh -L {port}:127.0.0.1:{port} HOST" in said
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize("given", [("a.png", "result.zarr"), ("result.zarr",)], ids=["both", "a result alone"])
def test_a_page_is_written_into_a_folder(run, study, tmp_path, given):
    arguments = ["view", *(study / name for name in given), "--export", tmp_path / "page", "--json"]
    ended = run(*arguments)
    assert ended.code == 0, ended.err
    assert json.loads(ended.out) == {"page": str(tmp_path / "page")}
    (image, *_), _ = stored(tmp_path / "page" / "v" / "page", "image")
    assert np.array_equal(image[0], squares(EXTENT, 256))
    assert "exists; choose another path or add --overwrite" in run(*arguments).err
    assert run(*arguments, "--overwrite").code == 0


def test_mistakes_of_view_are_told(mistake, study, tmp_path):
    imageio.imwrite(tmp_path / "other.png", squares((90, 120), 256))
    assert "give the image that it was made from" in mistake("view", tmp_path / "other.png", study / "result.zarr")
    assert "holds no run.json" in mistake("view", study / "a.png", tmp_path)
    assert "There is no file" in mistake("view", tmp_path / "none.png")
    assert "port is 70000" in mistake("view", study / "a.png", "--port", 70000)
    assert "give one of them" in mistake("view", study / "a.png", "--port", 8000, "--export", tmp_path / "page")
    assert "a page is a folder" in mistake("view", study / "a.png", "--export", tmp_path / "page.html")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port} is in use" in mistake("view", study / "a.png", "--port", port)
