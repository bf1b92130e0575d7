"""What Lambda's event source mapping does with a Kinesis stream, as a state machine without I/O."""
