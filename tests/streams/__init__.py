"""Streams in every world and mode: what they deliver, what they survive, how they stop."""
