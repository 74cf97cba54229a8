"""Wing 01: files become canonical tables; every record is accepted, or kept with its reasons."""
