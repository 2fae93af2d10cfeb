"""`python -m flue_client_ext.cli` is the command `flue-client`."""

from ._main import main

if __name__ == "__main__":
    raise SystemExit(main())
