"""Two browsers behind one protocol, and one observation."""
