"""Reports: their trees as tables, their pages as HTML, and the pages in a real browser."""
