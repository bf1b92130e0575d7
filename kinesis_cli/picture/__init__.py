"""What a delivery looks like: from trace rows to lanes, cells and marks. Pure; draws nothing."""
