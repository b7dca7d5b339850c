"""Networks and what they run on: torch and DGL, no files, no Dask."""
