"""A SAM or CloudFormation template: its file, its intrinsics, its parameters."""
