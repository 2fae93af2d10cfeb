"""Runs flows over channels: with blocking calls, or on an event loop."""
