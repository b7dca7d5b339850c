"""Values and pure functions of blocks: numpy only, no Dask, no files."""
