"""What the template names beside its streams and functions, made in moto at the first call.

kinds     CloudFormation's types: what is made, what needs nothing, and by implication what is not
calls     a boto3 client whose requests moto answers in this process
making    all resources of a template, one after the other
tables    DynamoDB;  messaging: SQS and SNS;  others: S3, SSM, Secrets Manager, logs, alarms
"""
