"""Records, shards, sequence numbers, KinesisEvents and recordings. Pure: knows no AWS client."""
