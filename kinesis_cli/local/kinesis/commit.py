"""Puts that come together share a commit."""

import asyncio
from collections.abc import Callable

from kinesis_cli.local.kinesis.context import Context
from kinesis_cli.local.kinesis.errors import ServiceError
from kinesis_cli.local.kinesis.model import Response

Job = Callable[[], Response]


class GroupCommit:
    """Runs jobs that write, all of one turn of the event loop in one transaction.

    A job's answer leaves only after the transaction is committed.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waiting: list[tuple[Job, asyncio.Future[Response]]] = []

    async def run(self, job: Job) -> Response:
        """What the job answers, once it is on disk.

        Raises:
            ServiceError: the job's own, or InternalFailure: nothing of the turn was kept.
        """
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._commit)
        future: asyncio.Future[Response] = loop.create_future()
        self._waiting.append((job, future))
        return await future

    def _commit(self) -> None:
        jobs, self._waiting = self._waiting, []
        answers: list[tuple[asyncio.Future[Response], Response | ServiceError]] = []
        try:
            with self._context.transaction():
                for job, future in jobs:
                    if not future.done():  # its client has gone
                        answers.append((future, _answer(job)))
        except Exception as error:  # noqa: BLE001 - each who waits is told
            for _, future in jobs:
                if not future.done():
                    future.set_exception(error)
            return
        for future, answer in answers:
            if isinstance(answer, ServiceError):
                future.set_exception(answer)
            else:
                future.set_result(answer)
        self._context.pulse.beat()


def _answer(job: Job) -> Response | ServiceError:
    try:
        return job()
    except ServiceError as error:
        return error
