"""What the client promises against attacks: a table of checks, each run in every world.

A module has `CHECKS` (by what they are about) of functions that take a world, raise an
`AssertionError` for a broken promise, and return the outcome in words for docs/reliability.md.
`PURE` has those that have no world: they open no client."""
