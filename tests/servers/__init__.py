"""Partners for tests: genuine servers, and servers that misbehave on purpose."""
