"""What mappings read: streams of Kinesis, and the streams of DynamoDB's tables.

source    what all of them can do
choice    which of them a mapping reads
"""
