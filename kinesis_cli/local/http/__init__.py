"""HTTP as all services of the endpoint share it: requests, answers, signatures, refusals."""
