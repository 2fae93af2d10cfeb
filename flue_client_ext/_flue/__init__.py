"""Flue's API over the core: the only place that knows workflows, runs, events and generated
code."""
