"""The template's functions behind the local endpoint: Lambda's API, and what feeds them.

project       the template's functions and mappings, as they are on this machine
runtime       one function: its processes, its code, its log
mappings      event source mappings and their checkpoints, in a file
reading       a shard of the local stream, record after record
shard_run     the delivery of one shard on the real clock, by the simulator's own machine
mapping_run   one mapping: its shards, parents before children
service       all of it: what is started, asked and ended
lambda_api    Lambda over HTTP;  stack_api: CloudFormation's view of the template
"""
