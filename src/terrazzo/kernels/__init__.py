"""Arrays in, arrays out: numpy and numba, no Dask, no torch, no files."""
