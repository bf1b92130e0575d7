"""The one exception tree. Rooms raise; only ``cli`` turns an error into text and an exit code.

KcliError
├── InputError      arguments, a file, the project's settings     exit code 2
└── EndpointError   AWS or the local endpoint                     exit code 3
"""


class KcliError(Exception):
    """Something the user can put right. Shown as a sentence, never as a traceback.

    Args:
        problem: what is wrong, one clause without a full stop.
        place: where: file, line, record, field.
        advice: what to do about it, one sentence.
    """

    def __init__(self, problem: str, *, place: str = "", advice: str = "") -> None:
        super().__init__(f"{place}: {problem}" if place else problem)
        self.problem, self.place, self.advice = problem, place, advice


class InputError(KcliError):
    """Arguments, a file or the project's settings are not usable."""


class EndpointError(KcliError):
    """AWS or the local endpoint refused, or could not be reached."""
