"""Draw the page that `terrazzo view` shows: `python docs/figures/draw_browser.py`; needs Chromium."""

import asyncio
import base64
import io
import sys
import tempfile
from pathlib import Path

import imageio.v3 as imageio

import terrazzo as tz
from terrazzo.synthetic import CLASS_NAMES, colony_image

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from browser import SOFTWARE_GPU, visit

READY = "window.viewer?.layerManager.managedLayers.length && viewer.isReady()"


async def shot(page) -> bytes:
    while not await page.run(READY):
        await asyncio.sleep(0.1)
    return base64.b64decode((await page.call("Page.captureScreenshot", format="png"))["data"])


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        drawn, truth = (part.compute() for part in colony_image((1500, 1800), chunks=512, seed=3))
        tz.write_ome_zarr(f"{folder}/colonies.ome.zarr", drawn, axes="yx", pixel_size=(0.65, 0.65), levels="mean")
        image = tz.open_image(f"{folder}/colonies.ome.zarr")
        network, training = tz.LatticeSettings(width=16, levels=2), tz.LatticeTraining(steps=60)
        left = drawn[:, :600], truth[:, :600]
        model = tz.fit(left[:1], left[1:], class_names=CLASS_NAMES, network=network, training=training)
        result = tz.write_prediction(model, image, f"{folder}/result.zarr", probabilities=True)
        with tz.view(image, result) as page:
            pixels = imageio.imread(io.BytesIO(visit(page.address, shot, width=1200, graphics=SOFTWARE_GPU)))
    imageio.imwrite(Path(__file__).with_name("browser.jpg"), pixels[..., :3], quality=88)


if __name__ == "__main__":
    main()
