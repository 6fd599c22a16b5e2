"""What the system does: one use case a module, written against the small protocols of `ports`."""
