"""Orders: placed by buyers, confirmed when their stock is held, taken on by the sellers."""
