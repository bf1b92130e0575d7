"""Changes of a DynamoDB table's items, and the records that its stream would hold of them."""
