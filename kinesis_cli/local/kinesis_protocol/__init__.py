"""Kinesis over HTTP: requests read and held against botocore's model, results written."""
