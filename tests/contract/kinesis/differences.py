"""Where other servers differ from AWS: server → test → why. There the test is expected to fail.

A test is named with its case where only that case differs.
"""

_WORDING = "does not check the parameters as the API's model demands"
_SHOWN = "shows data and records in its errors, as AWS did when it was written"

DIFFERENCES: dict[str, dict[str, str]] = {
    "moto": {
        "test_an_explicit_hash_key_wins_over_the_partition_key[170141183460469231731687303715884105727-0]": (  # noqa: E501
            "answers 500 for a hash key at the end of a range"
        ),
        "test_the_last_hash_key_belongs_to_the_last_shard": (
            "answers 500 for a hash key at the end of a range"
        ),
        "test_a_hash_key_of_2_to_the_128_is_refused_in_aws_words": "has its own words",
        "test_sequence_numbers_have_56_digits_and_grow": "counts 1, 2, 3",
        "test_a_record_over_1_mib_is_refused_and_one_of_1_mib_is_not": "takes any record",
        "test_each_record_over_1_mib_is_named": "names the first one only",
        "test_a_call_over_10_mib_is_refused_and_one_of_10_mib_is_not": (
            "has the limit of 5 MiB that AWS had until 2025"
        ),
        "test_one_wrong_record_refuses_the_whole_call": "takes an empty partition key",
        "test_a_time_in_the_future_is_refused": "takes it",
        "test_an_iterator_that_was_never_given_is_refused": "answers 500",
        "test_latest_with_a_sequence_number_is_refused_in_aws_words": "takes it",
        "test_after_a_split_records_go_to_the_children": "puts them into the closed parent",
        "test_a_closed_shard_ends": "reads a closed shard for ever",
        "test_parents_are_read_before_their_children": (
            "copies the records of merged shards into their child"
        ),
        "test_shards_that_do_not_touch_are_not_merged": "has its own words",
        "test_uniform_scaling_cuts_and_joins_from_the_lowest_hash_key_up": (
            "only joins shards, so that their widths differ"
        ),
        "test_the_lower_of_two_neighbours_is_named_first": "takes them in any order",
        "test_records_are_numbered_after_the_creation_of_their_shard": "counts 1, 2, 3",
        "test_only_open_shards_are_listed_at_latest": "ignores ShardFilter",
        "test_without_a_shard_count_there_are_four_shards": "answers 500",
        "test_a_stream_is_made_once": "has its own words",
        "test_streams_of_accounts_and_regions_are_kept_apart": (
            "has one account, whatever the access key is"
        ),
        "test_100_000_shards_are_refused": "makes them",
        "test_what_is_wrong_is_said_in_aws_words_and_order": _WORDING,
        "test_at_most_ten_mistakes_are_named": _WORDING,
    },
    "kinesalite": {
        "test_501_records_are_refused": _SHOWN,
        "test_a_record_over_1_mib_is_refused_and_one_of_1_mib_is_not": _SHOWN,
        "test_each_record_over_1_mib_is_named": _SHOWN,
        "test_a_call_over_10_mib_is_refused_and_one_of_10_mib_is_not": (
            "has a smaller limit for a request's body"
        ),
        "test_a_stream_is_named_by_its_arn_too": "does not know StreamARN",
        "test_a_reader_that_is_behind_is_told_so": "says 0 always",
        "test_an_iterator_may_be_in_quotes": "does not take it",
        "test_a_shard_is_split_once": "splits it again",
        "test_uniform_scaling_doubles_the_shards": "does not know UpdateShardCount",
        "test_uniform_scaling_cuts_and_joins_from_the_lowest_hash_key_up": (
            "does not know UpdateShardCount"
        ),
        "test_a_page_of_shards_may_name_the_stream_again": "lists all shards at once",
        "test_only_open_shards_are_listed_at_latest": "does not know ShardFilter",
        "test_an_on_demand_stream_has_four_shards": "does not know on-demand streams",
        "test_without_a_shard_count_there_are_four_shards": "demands a ShardCount",
        "test_a_stream_without_a_policy_has_an_empty_one": "does not know resource policies",
        "test_streams_of_accounts_and_regions_are_kept_apart": "has one account and one region",
        "test_what_is_wrong_is_said_in_aws_words_and_order[within a list]": (
            "takes hash keys that begin with 0: its pattern is not anchored"
        ),
        "test_what_is_wrong_is_said_in_aws_words_and_order[hash key]": (
            "takes hash keys that end in digits: its pattern is not anchored"
        ),
    },
}
