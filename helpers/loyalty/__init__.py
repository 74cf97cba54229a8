"""Wing 03: who is loyal, in attitude and in behaviour."""
