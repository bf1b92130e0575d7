"""kcli: know what your Lambda function will do with a Kinesis stream before AWS does."""
