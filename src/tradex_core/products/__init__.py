"""Products: what the catalogue shows, and the ledger of what moved their stock."""
