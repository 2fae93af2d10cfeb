"""What every ring speaks of: HTTP as values, JSON, and the steps between a flow and its
driver.

Nothing here does I/O, and nothing imports from the rings above."""
