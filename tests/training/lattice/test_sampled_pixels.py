from terrazzo.training.lattice.sampled_pixels import share_of_block


def test_a_small_block_gives_fewer_pixels_but_not_few():
    assert share_of_block(2**20, 65536) == share_of_block(2**22, 65536) == 65536
    assert share_of_block(2**18, 65536) == 16384
    assert share_of_block(2**12, 65536) == 8192
    assert share_of_block(2**12, 100) == 100
