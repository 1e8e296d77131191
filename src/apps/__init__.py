"""The programs: each wires the core to its adapters in its container."""
