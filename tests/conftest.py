import os

from hypothesis import HealthCheck, settings

# No test depends on how fast the machine is; in CI the same commit tries the same cases.
settings.register_profile(
    "kcli",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("kcli")
