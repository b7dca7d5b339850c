"""Files in and files out: images, annotations, results, tables, models."""
