"""The version, in the one place that the build reads too; asking for it imports nothing else."""

__version__ = "0.2.0"
