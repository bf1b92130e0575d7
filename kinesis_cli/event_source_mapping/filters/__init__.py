"""FilterCriteria: which records an event source mapping delivers, judged as AWS's matcher does."""
