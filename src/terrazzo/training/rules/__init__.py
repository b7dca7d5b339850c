"""What all kinds of training share."""
