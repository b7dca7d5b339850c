"""Networks that are found: trees of genes, tried on a cluster, kept in a folder that remembers every trial."""
