"""How each service's tables came to be as they are."""
