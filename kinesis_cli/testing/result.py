"""What a test is given of a delivery: its facts, and what they come to in words."""

from __future__ import annotations

from kinesis_cli.testing.run import RunFacts


class Run(RunFacts):
    """A delivery from its first record to its end; see `RunFacts`."""

    def markdown(self) -> str:
        """Return the run as a Markdown document: the same text each time, for a snapshot."""
        from kinesis_cli.testing.markdown import markdown

        return markdown(self)

    def report(self) -> str:
        """Return the run in lines: its calls, and how the records ended that did not succeed."""
        from kinesis_cli.testing.sentences import report

        return report(self)

    def assert_all_handled(self) -> None:
        """Fail unless each record was handled, or matches no filter.

        Raises:
            AssertionError: says which were not, and why.
        """
        __tracebackhide__ = True
        from kinesis_cli.testing.sentences import not_handled

        if problem := not_handled(self):
            raise AssertionError(problem) from self.last_exception
