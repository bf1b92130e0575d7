"""What the data plane keeps on disk."""
