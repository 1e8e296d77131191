"""The pure core of Tradex: aggregates, messages, use cases, ports and messaging guarantees."""
