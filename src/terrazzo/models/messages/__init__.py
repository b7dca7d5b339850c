"""How superpixels hear their neighbours, on DGL or on plain torch."""
