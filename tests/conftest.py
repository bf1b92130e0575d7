import os
import signal

from hypothesis import HealthCheck, settings

from tests.environments import aws_cli as aws_cli
from tests.environments import environment_with as environment_with

# No test depends on how fast the machine is; in CI the same commit tries the same cases.
settings.register_profile(
    "kcli",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("kcli")

# A shell starts background jobs with Ctrl-C ignored, and programs hand that on to those they start:
# the programs under test get it as on a terminal, however the tests were started.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
