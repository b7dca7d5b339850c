"""The lattice network: superpixels hear their neighbours by direction, and pixels decide."""
