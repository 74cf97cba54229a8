"""Wing 06: did what we tried work."""
