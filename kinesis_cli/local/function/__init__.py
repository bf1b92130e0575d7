"""The functions behind the local endpoint: the template's, and those that arrived by API.

project        the template's functions and mappings, as they are on this machine
hosted         functions that arrived by API;  packages: their code;  store: what is kept of them
registry       all functions of an account in a region, with versions and aliases
runtime        one function: its processes, its code, its log
asynchronous   events that are kept until they were handled;  destinations: where they end up
direct_calls   calls that no mapping made, kept for a while
activity       what the functions do, told as it happens;  activity_lines: as lines of a log
log_writer     their log lines on the way to CloudWatch Logs;  embedded_metrics: metrics in them
"""
