"""The fault matrix: every call under every fault, in every world, over each kind of connections.

A *fault* (`listed`) is a row of the table, a *call* (`calls`) with its column another. A *cell* is
one call under one fault in one world over one channel. It is declared beside its fault, run
(`cell`) on the servers of a *stage*, and what is seen is compared with what was declared.

| module | holds |
|---|---|
| `table` | the tables of the page |
| `listed`, `listed_tls`, `lasting` | the faults, and what is declared of them |
| `cell` | one cell: run, watched for what hangs and leaks |
| `run_stage`, `agent_stage`, `local_stage`, `genuine_stage` | the servers of a cell |
| `many_stages`, `many` | those of a call for many, and what became of each item |
| `stage`, `restart_stage` | what those servers have in common |
| `strikes`, `closing` | what a fault does with a request, or with connections |
| `handshakes` | what a fault does in place of a TLS handshake |
| `cuts`, `rewrites`, `answers` | what a fault makes of an answer |
| `calls`, `uses` | the calls, and what a user would write |
| `ports`, `pace` | sockets, the client's limits |
"""
