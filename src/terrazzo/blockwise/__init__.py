"""The only floor that knows Dask: block functions, wired to arrays and to stored images."""
