"""What every ring uses: HTTP as values, JSON, and the steps between a flow and its driver.

Does no I/O, and imports from no other ring."""
