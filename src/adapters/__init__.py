"""What the core needs of the world, one package a technology."""
