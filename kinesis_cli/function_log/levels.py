"""The levels of Lambda's own lines: which of them a log has, where it is JSON.

Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
"""

SYSTEM_LOG_LEVELS = ("DEBUG", "INFO", "WARN")  # the most lines first
