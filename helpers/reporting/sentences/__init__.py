"""What is said: sentences assembled from numbers, a room for each wing."""
