"""What the user's project says: its template, read without deploying anything."""
