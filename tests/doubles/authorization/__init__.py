"""Authorization servers on loopback, each with one thing not as usual, and an MCP server that wants tokens.

`with served(case.script()) as double:` has the MCP server at `double.url`; `cases.CASES` is the table.
"""
