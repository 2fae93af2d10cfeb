"""Reports: events of a run, or a conversation, as one HTML page that needs nothing else.

Pure: JSON objects in, a string out. `run_tree` and `conversation_tree` make a tree of spans,
`selection` decides how much of it a page shows, `page` writes the page.
"""
