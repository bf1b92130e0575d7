"""Lambda over HTTP.

api            which call a request is, and its answer
model          the calls as botocore's model has them: paths, parameters, errors
names          what a function is called: names, ARNs, qualifiers
functions      create, get, list, update, delete;  versions, aliases
invoke         the calls themselves
concurrency    reserved and provisioned;  event_invoke, permissions, tags
settings       what else is kept of a function
mappings       event source mappings
errors         AWS's words
stack_api      CloudFormation's view of the template
"""
