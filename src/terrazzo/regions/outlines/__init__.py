"""Classes as polygons, and back."""
