"""Experiments under faults: `python -m tests.reliability` runs them and writes down what they saw.

Each experiment is a module here with a function `experiment(options)`, which gives its report as
Markdown or raises `Broken`: something hung, was lost, came twice or leaked. A small run of each is
part of `make test`; a whole one takes its time and fills its place in `docs/reliability.md`.
"""
