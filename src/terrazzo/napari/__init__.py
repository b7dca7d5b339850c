"""The plugin for napari: what needs no window is here, and `qt` alone knows Qt and napari."""
