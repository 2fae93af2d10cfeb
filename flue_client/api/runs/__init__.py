"""The operations of the tag `runs`."""
