"""What the user's project says: its template, its settings, its tools. Nothing is deployed."""
