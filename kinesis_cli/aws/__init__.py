"""AWS and anything that speaks like it, through botocore, which is imported with the first client.

botocore alone, without boto3's resources on top: the same profiles, SSO, regions and endpoints as
the AWS CLI, and a Kinesis client 150 ms earlier.
"""
