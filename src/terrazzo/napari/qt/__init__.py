"""What knows Qt and napari."""
