"""The levels of a multiscale image: which there are, who writes which part, and the arrays that hold them."""
