"""Wing 04: what customers are worth."""
