"""The operations of the tag `workflows`."""
