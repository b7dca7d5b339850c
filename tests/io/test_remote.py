"""Zarr stores behind URLs: on a web server of this machine, and in fsspec's memory."""

import functools
import http.server
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
import zarr
from zarr.storage import FsspecStore

from terrazzo.errors import InputError
from terrazzo.io.describe import describe
from terrazzo.io.images.content_stamp import content_stamp
from terrazzo.io.images.image import Image
from terrazzo.io.images.image_levels import levels_of
from terrazzo.io.images.ome_zarr_writer import write_ome_zarr
from terrazzo.io.images.open_image import open_image

pytest.importorskip("aiohttp", reason="reading from web servers needs aiohttp: install terrazzo[http]")

PIXELS = np.random.default_rng(8).integers(0, 255, (2, 60, 70), dtype=np.uint8)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass

    def list_directory(self, *_: Any) -> None:
        """Say nothing of what is in a folder, as object stores behind a web server do."""
        self.send_error(404)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address of a server of what is in it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield tmp_path, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def sum_of_a_window(image: Image) -> int:
    return int(image.stored[:, 5:40, 6:41].sum())


def test_an_image_on_a_web_server_is_read_by_windows(served: tuple[Path, str]) -> None:
    folder, address = served
    write_ome_zarr(folder / "a.ome.zarr", PIXELS, axes="cyx", pixel_size=(0.5, 0.25), chunks=(20, 20))
    image = open_image(f"{address}/a.ome.zarr")
    assert (image.path, image.pixel_size) == (f"{address}/a.ome.zarr", (0.5, 0.25))
    np.testing.assert_array_equal(image.stored[1, 5:40, ::3], PIXELS[1, 5:40, ::3])
    np.testing.assert_array_equal(image.data.compute(scheduler="threads"), PIXELS)
    assert [level.extent for level in levels_of(image)] == [(60, 70)]
    assert describe(f"{address}/a.ome.zarr")["shape"] == {"c": 2, "y": 60, "x": 70}


def test_a_spawned_process_opens_a_url_itself(served: tuple[Path, str]) -> None:
    folder, address = served
    zarr.create_array(folder / "a.zarr", data=PIXELS, chunks=(1, 20, 20), zarr_format=2)
    with get_context("spawn").Pool(1) as pool:
        assert pool.map(sum_of_a_window, [open_image(f"{address}/a.zarr")]) == [int(PIXELS[:, 5:40, 6:41].sum())]


def test_what_is_not_on_a_server_is_an_input_error(served: tuple[Path, str]) -> None:
    _, address = served
    with pytest.raises(InputError, match=r"There is no Zarr store at 'http://.*/none\.zarr'"):
        open_image(f"{address}/none.zarr")


def test_a_server_that_is_not_there_is_an_input_error() -> None:
    said = r"'http://127\.0\.0\.1:9/a\.zarr' cannot be read as Zarr: .*; see that the address is right and its server"
    with pytest.raises(InputError, match=said):
        open_image("http://127.0.0.1:9/a.zarr")


def test_a_group_on_a_server_that_lists_nothing_says_what_to_give(served: tuple[Path, str]) -> None:
    folder, address = served
    zarr.create_group(folder / "a.zarr").create_array("inner", data=PIXELS)
    with pytest.raises(InputError, match="its server does not list what it holds: give the URL of an image"):
        open_image(f"{address}/a.zarr")
    np.testing.assert_array_equal(open_image(f"{address}/a.zarr/inner").data.compute(), PIXELS)


def test_a_file_behind_a_url_is_refused_with_what_to_do() -> None:
    with pytest.raises(InputError, match="only Zarr stores are read from there; copy it to this machine or convert it"):
        open_image("https://example.org/a.ome.tif")


def test_a_scheme_that_nobody_knows_is_an_input_error() -> None:
    with pytest.raises(InputError, match=r"'nothing://a\.zarr' cannot be read as Zarr: Protocol not known: nothing"):
        open_image("nothing://a.zarr")


@pytest.mark.skipif(find_spec("s3fs") is not None, reason="s3fs is installed")
def test_a_scheme_whose_package_is_missing_names_the_package() -> None:
    with pytest.raises(InputError, match=r"'s3://bucket/a\.zarr' cannot be read as Zarr: .*s3fs"):
        open_image("s3://bucket/a.zarr")


@pytest.fixture
def memory() -> Iterator[str]:
    yield "memory://images/a.zarr"
    fsspec.filesystem("memory").rm("images", recursive=True)


def test_an_image_in_memory_is_read_and_its_stamp_follows_its_content(memory: str) -> None:
    def write(pixels: Any) -> None:
        zarr.create_array(FsspecStore.from_url(memory), data=pixels, chunks=(1, 20, 20), overwrite=True)

    write(PIXELS)
    image = open_image(memory)
    np.testing.assert_array_equal(image.data.compute(), PIXELS)
    first = content_stamp(image.stored)
    assert content_stamp(image.stored) == first
    write(255 - PIXELS)
    assert content_stamp(image.stored) != first


def test_a_url_of_this_machine_is_a_path(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", PIXELS)
    assert open_image(f"file://{tmp_path}/a.npy").path == str(tmp_path / "a.npy")
