"""Measures this client against its peers: `python -m benchmarks`, or `make bench`.

Everyone reads the same bytes from the same server, in turn, in one run. Each peer is a process of
its own that is warmed up before it is measured. What is reported are medians, and their ratios.
"""
