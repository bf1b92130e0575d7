"""How long tests wait for what surely comes."""

# Seconds, for whatever a test waits for: a process, an answer, a line on a screen. So long only a
# hang takes, on however busy a machine; pytest ends a test later still (`timeout` in pyproject).
PATIENCE = 240.0
