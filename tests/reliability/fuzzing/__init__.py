"""Generated and hostile input for everything that reads what a server sends.

A part is a module with a function `run(seed, count)`: it tries so many inputs, returns what it
has seen in words, and raises `Broken` with the input of a find."""
