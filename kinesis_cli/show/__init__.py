"""The only code that prints. Results go to standard output, everything else to standard error."""
