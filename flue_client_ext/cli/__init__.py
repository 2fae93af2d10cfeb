"""The command line `flue-client`: `flue_client_ext/cli/_commands.py` lists its commands.

It uses the public surface of the client. Results are JSON on stdout; all else goes to stderr.
"""
