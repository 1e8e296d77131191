"""What every app shares: settings, logging, lifecycle."""
