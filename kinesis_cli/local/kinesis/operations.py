"""Which function answers which operation."""

from collections.abc import Callable

from kinesis_cli.local.kinesis.calls import (
    account,
    consumers,
    reading,
    resources,
    shards,
    streams,
    tags,
    writing,
)
from kinesis_cli.local.kinesis.context import Context
from kinesis_cli.local.kinesis.model import Caller, Request, Response

Operation = Callable[[Context, Request, Caller], Response]

PUTS: dict[str, Operation] = {
    "PutRecord": writing.put_record,
    "PutRecords": writing.put_records,
}

OPERATIONS: dict[str, Operation] = {
    "AddTagsToStream": tags.add_tags,
    "CreateStream": streams.create_stream,
    "DecreaseStreamRetentionPeriod": streams.decrease_retention,
    "DeleteResourcePolicy": resources.delete_policy,
    "DeleteStream": streams.delete_stream,
    "DeregisterStreamConsumer": consumers.deregister,
    "DescribeAccountSettings": account.describe_settings,
    "DescribeLimits": account.describe_limits,
    "DescribeStream": streams.describe_stream,
    "DescribeStreamConsumer": consumers.describe,
    "DescribeStreamSummary": streams.describe_stream_summary,
    "DisableEnhancedMonitoring": streams.disable_monitoring,
    "EnableEnhancedMonitoring": streams.enable_monitoring,
    "GetRecords": reading.get_records,
    "GetResourcePolicy": resources.get_policy,
    "GetShardIterator": reading.get_shard_iterator,
    "IncreaseStreamRetentionPeriod": streams.increase_retention,
    "ListShards": shards.list_shards,
    "ListStreamConsumers": consumers.list_consumers,
    "ListStreams": streams.list_streams,
    "ListTagsForResource": tags.list_tags_of_resource,
    "ListTagsForStream": tags.list_tags,
    "MergeShards": shards.merge_shards,
    "PutResourcePolicy": resources.put_policy,
    "RegisterStreamConsumer": consumers.register,
    "RemoveTagsFromStream": tags.remove_tags,
    "SplitShard": shards.split_shard,
    "StartStreamEncryption": streams.start_encryption,
    "StopStreamEncryption": streams.stop_encryption,
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
    "UpdateAccountSettings": account.update_settings,
    "UpdateMaxRecordSize": streams.update_max_record_size,
    "UpdateShardCount": shards.update_shard_count,
    "UpdateStreamMode": streams.update_stream_mode,
    "UpdateStreamRecordDistributionStrategy": streams.update_distribution,
    "UpdateStreamWarmThroughput": streams.update_warm_throughput,
}
