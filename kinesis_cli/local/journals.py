"""Names and versions of the files that keep what the neighbours hold; imported without moto."""

MESSAGES, MESSAGES_VERSION = "messages.sqlite3", 1
TABLES, TABLES_VERSION = "tables.sqlite3", 1
