"""The exit codes. 0 is a success."""

FAILED = 1
"""The request failed, or the command line is wrong."""
EXECUTION_FAILED = 2
"""The run or the submission failed."""
INTERRUPTED = 130
"""Ctrl-C, as shells have it."""
SIGNALLED = 128
"""Plus the number of another signal that ended the command: 143 for SIGTERM."""
