"""Destinations: a queue, a topic or a bucket beside the stream."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

import msgspec

from kinesis_cli.local.neighbours.client import NeighbourCalls, NeighbourError
from kinesis_cli.local.place import Place

Attributes = Mapping[str, tuple[str, str]]  # name → type and value


class Destinations:
    """Sends on-failure documents.

    Args:
        calls: to the services.
        place: where they are.
    """

    def __init__(self, calls: NeighbourCalls, place: Place) -> None:
        self._calls, self._place = calls, place

    async def send(
        self,
        arn: str,
        document: Mapping[str, object],
        with_payload: Mapping[str, object],
        key: str,
    ) -> str:
        """Send a document.

        Args:
            arn: of the destination.
            document: for a queue or topic.
            with_payload: for a bucket.
            key: of the object in a bucket.

        Returns:
            Why it did not get there; empty: it did.
        """
        service, name = arn.split(":", 3)[2], arn.rpartition(":")[2]
        text = msgspec.json.encode(document).decode()
        try:
            match service:
                case "sqs":
                    await self._enqueue(name, text, {})
                case "sns":
                    await self._publish(arn, text, {})
                case "s3":
                    body = msgspec.json.encode(with_payload)
                    path = f"/{name.partition('/')[0]}/{quote(key)}"
                    # Source: stackd's captures
                    headers = {"content-type": "application/octet-stream"}
                    await self._calls.call("s3", "PUT", path, headers, body)
                case _:
                    return f"kcli has no destination of this kind: {arn}"
        except NeighbourError as error:
            return str(error)
        return ""

    async def send_dead_letter(self, arn: str, event: str, attributes: Attributes) -> str:
        """Send an event to a dead-letter queue.

        Args:
            arn: of a queue or topic.
            event: JSON.
            attributes: of the message.

        Returns:
            Why it did not get there; empty: it did.
        """
        try:
            if arn.split(":", 3)[2] == "sqs":
                await self._enqueue(arn.rpartition(":")[2], event, attributes)
            else:
                await self._publish(arn, event, attributes)
        except NeighbourError as error:
            return str(error)
        return ""

    async def _enqueue(self, queue: str, body: str, attributes: Attributes) -> None:
        message = {
            "QueueUrl": f"{self._place.endpoint}/{self._place.account}/{queue}",
            "MessageBody": body,
            "MessageAttributes": {
                name: {"DataType": type_, "StringValue": value}
                for name, (type_, value) in attributes.items()
            },
        }
        await self._calls.json("sqs", "AmazonSQS.SendMessage", message)

    async def _publish(self, arn: str, message: str, attributes: Attributes) -> None:
        form = {"Action": "Publish", "Version": "2010-03-31", "TopicArn": arn, "Message": message}
        for number, (name, (type_, value)) in enumerate(attributes.items(), 1):
            entry = f"MessageAttributes.entry.{number}"
            form |= {f"{entry}.Name": name, f"{entry}.Value.DataType": type_}
            form[f"{entry}.Value.StringValue"] = value
        headers = {"content-type": "application/x-www-form-urlencoded"}
        await self._calls.call("sns", "POST", "/", headers, urlencode(form).encode())
