"""What models need of a block and what they give; their networks on torch and DGL. No files, no Dask."""
