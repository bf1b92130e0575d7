"""What the server answers to our own commands, under `/_kcli/`. Nobody else has the token."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from kinesis_cli.errors import InputError
from kinesis_cli.local.http.signature import DEFAULT_ACCOUNT
from kinesis_cli.local.kinesis import Caller, DataPlane, ServiceError, faults_on
from kinesis_cli.local.server.functions import LambdaSide
from kinesis_cli.project.stream_settings import StreamSettings


class Control:
    """The verbs of the control path.

    Args:
        data_plane: that is controlled.
        region: where the project's streams are made.
        streams: those streams, by name.
        functions: what is delivered to them.
        notes: of the server, to be told before those of the functions.
    """

    def __init__(
        self,
        data_plane: DataPlane,
        region: str,
        streams: Mapping[str, StreamSettings],
        functions: LambdaSide,
        notes: Sequence[str] = (),
    ) -> None:
        self._notes = notes
        self._functions = functions
        self._data_plane = data_plane
        self._project = Caller(DEFAULT_ACCOUNT, region)
        self._streams = streams

    async def answer(self, verb: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """What a verb is answered with.

        Raises:
            InputError: there is no such verb, or it does not take this request.
        """
        match verb:
            case "status":
                self._functions.look_again()
                mappings = [asdict(each) for each in await self._functions.status()]
                problems = [asdict(each) for each in self._functions.problems()]
                not_made = [asdict(each) for each in self._functions.not_made()]
                return {
                    "streams": self._data_plane.summary(),
                    "tables": self._functions.tables(),
                    "mappings": mappings,
                    "problems": problems,
                    "not_made": not_made,
                    "notes": self.notes(),
                }
            case "wait":
                return {"idle": await self._functions.wait_idle(_seconds(request))}
            case "failing":
                return {"batches": self._functions.failing()}
            case "activity":
                return self._functions.activity()
            case "lives":
                return await self._functions.lives(request)
            case "faults":
                return faults_on(self._data_plane.switch_faults(dict(request)))
        raise InputError(f"there is no {verb}")

    def notes(self) -> list[str]:
        """What is not as on AWS, and which Python runs what."""
        return [*self._notes, *self._functions.notes()]

    def make_streams(self) -> None:
        """Make the project's streams. One that is there already stays as it is.

        Raises:
            InputError: a stream cannot be made.
        """
        for name, stream in self._streams.items():
            request: dict[str, Any] = {
                "StreamName": name,
                "MaxRecordSizeInKiB": stream.max_record_kib,
            }
            if stream.shards is None:
                request["StreamModeDetails"] = {"StreamMode": "ON_DEMAND"}
            else:
                request["ShardCount"] = stream.shards
            try:
                self._data_plane.make_stream(request, self._project, stream.retention_hours)
            except ServiceError as error:
                if error.code != "ResourceInUseException":
                    raise InputError(error.message.rstrip("."), place=f"stream {name}") from error


def _seconds(request: Mapping[str, Any]) -> float:
    seconds = request.get("seconds")
    if not isinstance(seconds, int | float) or not 0 < seconds <= 60:
        raise InputError("seconds is a number from 0 to 60", place="wait")
    return float(seconds)
