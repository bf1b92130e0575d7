"""What `kcli check` wants to know of a call besides its answer: the event, AWS calls, memory."""

from .watch import AWS_CALLS as AWS_CALLS
from .watch import EVENT_CHANGED as EVENT_CHANGED
from .watch import Watching as Watching
from .watch import traced_bytes as traced_bytes
