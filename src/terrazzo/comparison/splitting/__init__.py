"""What is learned from, what tells when to stop, and what is tested on."""
