from notebook_tables import shown
from unets import random_unet


def test_it_says_in_a_line_and_in_a_table_what_it_is():
    assert repr(random_unet(inputs=2)) == (
        "<terrazzo.UNetModel: depth 2, 4 to 16 channels; images of 2 channels; classes ground, grass, water>"
    )
    volumes = random_unet(axes=3)
    assert "volumes of 1 channel" in repr(volumes)
    hybrid = random_unet(axes=3, kernels=[(1, 3, 3)], pools=[(1, 2, 2)], pyramid=8, crf=1)
    assert "depth 2, 4 to 16 channels, a pyramid of 3 convolutions, 1 step of a CRF; " in repr(hybrid)
    assert hybrid.described()["network"] == {"kind": "U-Net", "base": 4, "depth": 2, "pyramid": 8, "crf": 1}
    rows = shown(volumes).rows
    assert rows["Network"] == "depth 2, 4 to 16 channels"
    assert rows["Classes"].split() == ["ground", "grass", "water"]
