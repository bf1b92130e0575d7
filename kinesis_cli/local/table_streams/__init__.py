"""The streams of DynamoDB's tables: what is kept of their changes, and the API that reads them.

names     ARNs, shard ids and sequence numbers
store     the streams and their records, in SQLite, in the file of the tables
changes   what a write did to an item, as the stream's record of it
api       DynamoDB Streams over HTTP
"""
