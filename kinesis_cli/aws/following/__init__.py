"""What becomes of records on AWS, as far as logs and on-failure documents tell."""
