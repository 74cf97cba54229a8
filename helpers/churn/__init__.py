"""Wing 05: who is leaving."""
