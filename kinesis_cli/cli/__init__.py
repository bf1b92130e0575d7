"""The command line: parse, call, render, exit code. One file per command, loaded when it runs."""
