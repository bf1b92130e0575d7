"""`kcli check`: the search for batches that break a property of `kinesis_cli.testing.checks`."""
