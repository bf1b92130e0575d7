"""How a property says that it does not hold."""

from collections.abc import Sequence

from kinesis_cli.stream.record import Record


class CheckFailedError(AssertionError):
    """A property of a function does not hold for a batch.

    Args:
        name: of the property, "one-bad-record".
        sentence: what is wrong.
        batch: the records that show it.
        did: what the function did, a line each.
        before: batches that have to come first, in the same environment.
    """

    def __init__(
        self,
        name: str,
        sentence: str,
        batch: Sequence[Record],
        did: Sequence[str] = (),
        before: Sequence[Sequence[Record]] = (),
    ) -> None:
        super().__init__("\n".join([f"{name}: {sentence}", *did]))
        self.name, self.sentence = name, sentence
        self.batch, self.did = tuple(batch), tuple(did)
        self.before = tuple(list(each) for each in before)
