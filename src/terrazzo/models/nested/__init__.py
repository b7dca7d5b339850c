"""Nested graphs: channels inside regions, regions inside the image; fitted without annotation."""
