"""Flue's API over the engine: the only ring that knows workflows, runs, events and generated
code."""
