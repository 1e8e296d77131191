"""What the gateway reads: products, orders, users and operations, from events alone."""
