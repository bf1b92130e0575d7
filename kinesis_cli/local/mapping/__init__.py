"""The event source mappings of `kcli local`: the delivery machine on the real clock.

store         mappings and their checkpoints, in a file
of_template   the template's mappings, beside those that calls have made
run           one mapping: its shards, parents before children
shard         the delivery of one shard
history       what became of the records, kept for a while for whoever asks
sources/      the streams that can be read, and their records, one after another
"""
