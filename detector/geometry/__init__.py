"""Picture and ground geometry."""
