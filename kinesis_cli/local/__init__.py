"""The endpoint on this machine: Kinesis of our own, its neighbours from moto, behind one port."""
