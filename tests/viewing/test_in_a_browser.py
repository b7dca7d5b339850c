"""The page in a real browser, whose WebGL the processor draws: what is on the screen is what the files hold."""

import base64
import io
import itertools
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import imageio.v3 as imageio
import numpy as np
from browser import SOFTWARE_GPU, visit
from shown import COLOURS, SQUARE, squares

import terrazzo as tz
from terrazzo.viewing.page import Page

# How far red, green and blue may be off: shaders round.
NEAR = 2
# a change is seen in the frame after it, and what has come is drawn in the frame after that
READY = """
new Promise(done => {
  const drawn = then => requestAnimationFrame(() => requestAnimationFrame(then));
  const look = () => {
    const layers = window.viewer?.layerManager.managedLayers ?? [];
    const ready = layers.length && layers.filter(one => one.visible).every(one => one.isReady()) && viewer.isReady();
    ready ? drawn(() => done(layers.length)) : setTimeout(look, 20);
  };
  drawn(look);
})
"""
SECTIONS = """
[...viewer.display.panels].filter(panel => panel.sliceView).map(panel => {
  const {left, top, width, height} = panel.element.getBoundingClientRect();
  const middle = [...panel.navigationState.position.value];
  return {left, top, width, height, middle, scale: panel.navigationState.zoomFactor.value};
})
"""
# a pixel of the image is four on the screen
CLOSER = "viewer.navigationState.zoomFactor.value = 0.25"
ONLY = "for (const one of viewer.layerManager.managedLayers) one.setVisible('{}' === one.name)"
OPAQUE = "viewer.layerManager.getLayerByName('classes').layer.displayState.selectedAlpha.value = 1"
# neuroglancer writes over what is nearer to the left and upper edge of a section than this, and draws its frame
OVER, EDGE = (150, 50), 10


async def screen(page):
    """Return what is on the screen once all of it is there, and where sections lie on it."""
    await page.run(READY)
    sections = await page.run(SECTIONS)
    shot = await page.call("Page.captureScreenshot", format="png")
    return imageio.imread(io.BytesIO(base64.b64decode(shot["data"])))[..., :3].astype(int), sections


def in_squares(shot, section, extent):
    """Yield the rows and columns of the middles of the squares that a section shows, with their colours."""
    across, down = section["width"] / 2, section["height"] / 2
    shown = 0
    for y, x in itertools.product(*(range(SQUARE // 2, length, SQUARE) for length in extent)):
        column, row = ((a + 0.5 - b) / section["scale"] for a, b in zip((x, y), section["middle"], strict=False))
        if OVER[0] - across < column < across - EDGE and OVER[1] - down < row < down - EDGE:
            shown += 1
            yield y, x, shot[round(section["top"] + down + row), round(section["left"] + across + column)]
    assert shown > 10


def test_the_pixels_on_the_screen_are_those_of_the_files_and_nothing_is_complained_of(slide, tmp_path, monkeypatch):
    rgb, missing, get = [np.array([*bytes.fromhex(code[1:])]) for code in COLOURS], [], Page.get

    def told(page, name):
        found = get(page, name)
        if found is None:
            missing.append(name)
        return found

    class Files(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def log_error(self, *what):
            missing.append(what)

    async def looked_at(page):
        """What every page of this image has to show."""
        assert await page.run(READY) == 6
        await page.run(CLOSER)
        await page.run(ONLY.format("image"))
        shot, (section,) = await screen(page)
        for y, x, colour in in_squares(shot, section, slide.image.extent):
            assert np.abs(colour - slide.pixels[:, y, x]).max() <= NEAR
        await page.run(ONLY.format("classes"))
        await page.run(OPAQUE)
        shot, (section,) = await screen(page)
        for y, x, colour in in_squares(shot, section, slide.image.extent):
            assert np.abs(colour - rgb[slide.classes[y, x]]).max() <= NEAR

    async def script(page):
        await looked_at(page)
        for name in ("probabilities", "uncertainty", "outlines", "superpixels"):
            await page.run(ONLY.format(name))
            shot, (section,) = await screen(page)
            assert len({tuple(colour) for _, _, colour in in_squares(shot, section, slide.image.extent)}) > 1
        await page.call("Page.navigate", url=of_volume.address)
        await page.run(READY)
        await page.run(CLOSER)
        shot, sections = await screen(page)
        assert len(sections) == 3
        for y, x, colour in in_squares(shot, sections[0], volume.shape[1:]):
            assert np.abs(colour - volume[4, y, x]).max() <= NEAR
        await page.call("Page.navigate", url=f"http://127.0.0.1:{elsewhere.server_port}/v/page/")
        await looked_at(page)
        return page.errors()

    monkeypatch.setattr(Page, "get", told)
    volume = squares((8, 200, 180), 256)
    tz.write_ome_zarr(tmp_path / "volume.ome.zarr", volume, axes="zyx", pixel_size=(4, 1, 1), chunks=(4, 64, 64))
    tz.write_page(slide.image, tmp_path / "page", slide.result)
    serve = partial(Files, directory=tmp_path / "page")
    with (
        tz.view(slide.image, slide.result) as shown,
        tz.view(tz.open_image(tmp_path / "volume.ome.zarr")) as of_volume,
        ThreadingHTTPServer(("127.0.0.1", 0), serve) as elsewhere,
    ):
        Thread(target=elsewhere.serve_forever, daemon=True).start()
        assert visit(shown.address, script, width=1000, graphics=SOFTWARE_GPU) == []
        elsewhere.shutdown()
    assert missing == []
