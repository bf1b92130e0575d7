"""The Lambda function that is invoked with new messages of the stream."""
