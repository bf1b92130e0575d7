"""What `kcli status --find-poison` calls on this machine: the options, and what they choose."""
