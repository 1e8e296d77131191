"""What operators do to a platform from outside its processes."""
