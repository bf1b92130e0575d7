"""The services beside Kinesis and Lambda, which moto brings."""
