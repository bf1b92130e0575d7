"""The operations of Kinesis's API, a module for each subject."""
