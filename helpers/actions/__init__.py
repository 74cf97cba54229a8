"""Wing 07: what to do next, and for whom."""
