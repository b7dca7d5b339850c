"""Draw an image and a result as a notebook shows them: `python docs/figures/draw_notebook.py`; needs Chromium."""

import subprocess
import tempfile
from pathlib import Path

import imageio.v3 as imageio
import numpy as np

import terrazzo as tz
from terrazzo.synthetic import CLASS_NAMES, colony_image

STYLE = "font: 13px sans-serif; background: white; margin: 12px"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        drawn, truth = (part.compute() for part in colony_image((512, 512), chunks=512, seed=3))
        tz.write_ome_zarr(f"{folder}/slide.ome.zarr", drawn, axes="yx", pixel_size=(0.65, 0.65))
        image = tz.open_image(f"{folder}/slide.ome.zarr")
        model = tz.fit([drawn], [truth], class_names=CLASS_NAMES, size=8, layers=3, width=32, epochs=30)
        result = tz.write_prediction(model, image, f"{folder}/result.zarr", block=256)
        page = Path(folder, "page.html")
        tables = "".join(f"<div>{value._repr_html_().replace(folder, '/data')}</div><br>" for value in (image, result))
        page.write_text(f'<meta charset="utf-8"><body style="{STYLE}">{tables}')
        shot = Path(folder, "page.png")
        options = ("--headless", "--no-sandbox", "--disable-gpu", "--window-size=640,600", f"--screenshot={shot}")
        subprocess.run(("chromium", *options, page.as_uri()), check=True, capture_output=True)
        pixels = imageio.imread(shot)[..., :3]
    rows, columns = (np.flatnonzero((pixels != 255).any(axis=(axis, 2))).max() + 12 for axis in (1, 0))
    imageio.imwrite(Path(__file__).with_name("notebook.png"), pixels[:rows, :columns], optimize=True)


if __name__ == "__main__":
    main()
