import json
import select
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import cbor2
import pytest
from botocore.exceptions import ClientError

from tests.patience import PATIENCE
from tests.servers import Started, ours_in

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ACCOUNT = "000000000000"

Clients = Callable[..., Any]


def client(server: Started, service: str, key: str = "key") -> Any:  # noqa: ANN401 - of any service
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key="secret",
    )


@pytest.fixture
def start(tmp_path: Path) -> Callable[[], Any]:
    """`with start() as server:` on the same state directory each time."""
    return lambda: ours_in(tmp_path, "--template", str(ROOT / "template.yaml"))


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """A server without a template."""
    with ours_in(tmp_path_factory.mktemp("bare")) as server:
        yield server


def test_the_templates_resources_are_there_from_the_start(start: Callable[[], Any]) -> None:
    with start() as server:
        queues = client(server, "sqs").list_queues()["QueueUrls"]
        groups = client(server, "logs").describe_log_groups()["logGroups"]
        alarms = client(server, "cloudwatch").describe_alarms()["MetricAlarms"]
        assert queues == [f"{server.endpoint}/{ACCOUNT}/FailureQueue"]
        assert [group["logGroupName"] for group in groups] == ["/aws/lambda/kcli-new-message"]
        assert {alarm["AlarmName"] for alarm in alarms} == {
            "IteratorAgeAlarm",
            "FailureQueueAlarm",
        }


def test_the_head_of_an_object_has_its_length(start: Callable[[], Any]) -> None:
    with start() as server:
        s3 = client(server, "s3")
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="k", Body=b"12345")
        s3.put_object(Bucket="bucket", Key="empty", Body=b"")
        assert s3.head_object(Bucket="bucket", Key="k")["ContentLength"] == 5
        assert s3.head_object(Bucket="bucket", Key="empty")["ContentLength"] == 0
        assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"12345"


def test_queues_are_named_by_https_under_tls(tmp_path: Path) -> None:
    with ours_in(tmp_path, "--tls") as server:
        sqs = boto3.client(
            "sqs",
            endpoint_url=f"https://127.0.0.1:{server.port}",
            region_name="us-east-1",
            aws_access_key_id="key",
            aws_secret_access_key="secret",
            verify=str(tmp_path / "certificate.pem"),
        )
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        assert url.startswith(f"https://127.0.0.1:{server.port}/")
        sqs.send_message(QueueUrl=url, MessageBody="x")
        assert sqs.list_queues()["QueueUrls"] == [url]


def test_messages_of_a_queue_outlive_a_restart(start: Callable[[], Any]) -> None:
    with start() as server:
        sqs = client(server, "sqs")
        failures = sqs.get_queue_url(QueueName="FailureQueue")["QueueUrl"]
        mine = sqs.create_queue(QueueName="mine.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        binary = {"note": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
        for body in ("first", "second", "third"):
            sqs.send_message(QueueUrl=failures, MessageBody=body, MessageAttributes=binary)
        sqs.send_message(
            QueueUrl=mine, MessageBody="one", MessageGroupId="g", MessageDeduplicationId="1"
        )
        (received,) = sqs.receive_message(QueueUrl=failures)["Messages"]
        sqs.delete_message(QueueUrl=failures, ReceiptHandle=received["ReceiptHandle"])
    with start() as server:
        sqs = client(server, "sqs")
        failures = sqs.get_queue_url(QueueName="FailureQueue")["QueueUrl"]
        left = sqs.receive_message(
            QueueUrl=failures, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )["Messages"]
        assert [message["Body"] for message in left] == ["second", "third"]
        assert left[0]["MessageAttributes"]["note"]["BinaryValue"] == b"\x00\xff"
        mine = sqs.get_queue_url(QueueName="mine.fifo")["QueueUrl"]
        assert [m["Body"] for m in sqs.receive_message(QueueUrl=mine)["Messages"]] == ["one"]


def test_a_deleted_queue_stays_deleted(start: Callable[[], Any]) -> None:
    with start() as server:
        sqs = client(server, "sqs")
        sqs.delete_queue(QueueUrl=sqs.create_queue(QueueName="gone")["QueueUrl"])
    with start() as server:
        names = client(server, "sqs").list_queues()["QueueUrls"]
        assert names == [f"{server.endpoint}/{ACCOUNT}/FailureQueue"]


def test_accounts_are_kept_apart(start: Callable[[], Any]) -> None:
    with start() as server:
        queue = client(server, "sqs", "111111111111").create_queue(QueueName="theirs")["QueueUrl"]
        assert queue == f"{server.endpoint}/111111111111/theirs"
        assert client(server, "sts").get_caller_identity()["Account"] == ACCOUNT


def test_objects_topics_tables_and_metrics_are_kept_by_moto(start: Callable[[], Any]) -> None:
    with start() as server:
        s3 = client(server, "s3")
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="å b+c/d", Body=b"x" * 5_000_000)
        assert s3.get_object(Bucket="bucket", Key="å b+c/d")["Body"].read() == b"x" * 5_000_000
        assert client(server, "sns").create_topic(Name="topic")["TopicArn"].endswith(":topic")
        dynamodb = client(server, "dynamodb")
        dynamodb.create_table(
            TableName="leases",
            AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "leaseKey", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        dynamodb.put_item(TableName="leases", Item={"leaseKey": {"S": "shard"}})
        assert dynamodb.scan(TableName="leases")["Items"] == [{"leaseKey": {"S": "shard"}}]
        cloudwatch = client(server, "cloudwatch")
        cloudwatch.put_metric_data(Namespace="KCL", MetricData=[{"MetricName": "m", "Value": 1}])
        assert cloudwatch.list_metrics(Namespace="KCL")["Metrics"][0]["MetricName"] == "m"


def test_a_server_without_functions_answers_for_lambda_when_it_is_asked(tmp_path: Path) -> None:
    with ours_in(tmp_path) as server:
        assert client(server, "lambda").list_functions()["Functions"] == []
    with ours_in(tmp_path) as server:  # now there is a file of mappings
        assert client(server, "lambda").list_event_source_mappings()["EventSourceMappings"] == []


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "named"),
    [
        ("schemas", "list_registries", {}, "GET /v1/registries"),
        ("xray", "batch_get_traces", {"TraceIds": ["1-5759e988-bd862e3fe1be46a994272793"]}, "xray"),
        ("apigateway", "get_rest_apis", {}, "apigateway"),
        ("sqs", "list_message_move_tasks", {"SourceArn": "x"}, "ListMessageMoveTasks"),
        ("textract", "list_adapters", {}, "textract ListAdapters"),
        ("ec2", "describe_fast_launch_images", {}, "ec2 DescribeFastLaunchImages"),
    ],
)
def test_what_moto_cannot_do_is_named_and_asked_for_once(
    bare: Started, service: str, operation: str, parameters: dict[str, Any], named: str
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(client(bare, service), operation)(**parameters)
    response = refused.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert response["ResponseMetadata"]["RetryAttempts"] == 0
    assert response["Error"]["Code"] == "NotImplemented"
    assert named in response["Error"]["Message"]


def test_notifications_by_http_reach_this_machine_only(tmp_path: Path) -> None:
    received: list[bytes] = []

    class Subscriber(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with (
        HTTPServer(("127.0.0.1", 0), Subscriber) as subscriber,
        ours_in(tmp_path) as server,
    ):
        Thread(target=subscriber.serve_forever, daemon=True).start()
        sns = client(server, "sns")
        topic = sns.create_topic(Name="t")["TopicArn"]
        for host in ("192.0.2.1", "127.0.0.1"):  # the first is nobody's: RFC 5737
            endpoint = f"http://{host}:{subscriber.server_port}/"
            sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint)
        sns.publish(TopicArn=topic, Message="hello")
        subscriber.shutdown()
    assert [json.loads(each)["Message"] for each in received if b"hello" in each] == ["hello"]


def threads_of(server: Started) -> int:
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.partition("Threads:")[2].split()[0])


def test_waiting_for_messages_costs_no_thread_and_ends_with_its_connection(bare: Started) -> None:
    sqs = client(bare, "sqs")
    url = sqs.create_queue(QueueName="polled")["QueueUrl"]
    assert sqs.receive_message(QueueUrl=url).get("Messages") is None
    before = threads_of(bare)
    poll = {"QueueUrl": url, "WaitTimeSeconds": 20}
    connections = [HTTPConnection("127.0.0.1", bare.port, timeout=PATIENCE) for _ in range(200)]
    for each in connections:
        headers = {
            "x-amz-target": "AmazonSQS.ReceiveMessage",
            "content-type": "application/x-amz-json-1.0",
            "authorization": "AWS4-HMAC-SHA256 Credential=key/20261124/us-east-1/sqs/aws4_request,"
            " SignedHeaders=host, Signature=0",
        }
        each.request("POST", "/", json.dumps(poll).encode(), headers)
    for _ in range(3):  # the polls before it have begun when it is answered
        sqs.get_queue_attributes(QueueUrl=url)
    while threads_of(bare) >= before + 50:  # each has a thread for its first look
        sqs.get_queue_attributes(QueueUrl=url)
    assert not select.select([each.sock for each in connections], [], [], 0)[0]  # and all wait
    for each in connections:
        each.close()
    while threads_of(bare) > before + 5:
        sqs.get_queue_attributes(QueueUrl=url)
    sqs.send_message(QueueUrl=url, MessageBody="one")
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert message["Body"] == "one"  # no abandoned poll has taken it


@pytest.mark.parametrize("of_queue", [False, True])
def test_a_message_ends_the_waiting_for_it(bare: Started, of_queue: bool) -> None:
    sqs = client(bare, "sqs")
    attributes = {"ReceiveMessageWaitTimeSeconds": "20"} if of_queue else {}
    name = f"awaited-{of_queue}"
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    waiting = {} if of_queue else {"WaitTimeSeconds": 20}
    with ThreadPoolExecutor(1) as waiter:
        received = waiter.submit(client(bare, "sqs").receive_message, QueueUrl=url, **waiting)
        sqs.send_message(QueueUrl=url, MessageBody="one")
        assert received.result(timeout=PATIENCE)["Messages"][0]["Body"] == "one"
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)
    with pytest.raises(ClientError, match="NonExistentQueue"):
        sqs.receive_message(QueueUrl=url + "-not", WaitTimeSeconds=1)
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        sqs.receive_message(QueueUrl=url, WaitTimeSeconds=21)


def rpc_v2(server: Started, operation: str, body: bytes) -> tuple[int, Any]:
    """A call as the SDK for Rust sends it to CloudWatch."""
    path = f"/service/GraniteServiceVersion20100801/operation/{operation}"
    scope = "Credential=key/20261124/us-east-1/monitoring/aws4_request"
    headers = {
        "smithy-protocol": "rpc-v2-cbor",
        "content-type": "application/cbor",
        "authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
    }
    opened = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    opened.request("POST", path, body, headers)
    answer = opened.getresponse()
    answered = answer.read()
    opened.close()
    assert answer.getheader("smithy-protocol") == "rpc-v2-cbor"
    return answer.status, cbor2.loads(answered)


def test_cloudwatch_speaks_cbor_too(bare: Started) -> None:
    now = datetime.now(UTC)
    data = [{"MetricName": "m", "Value": 2.5, "Timestamp": cbor2.CBORTag(1, now.timestamp())}]
    put = cbor2.dumps({"Namespace": "Rust", "MetricData": data})
    assert rpc_v2(bare, "PutMetricData", put) == (200, {})

    period = {
        "Namespace": "Rust",
        "MetricName": "m",
        "StartTime": cbor2.CBORTag(1, now.timestamp() - 600),
        "EndTime": cbor2.CBORTag(1, now.timestamp() + 600),
        "Period": 60,
        "Statistics": ["Sum"],
    }
    status, answer = rpc_v2(bare, "GetMetricStatistics", cbor2.dumps(period))
    (point,) = answer["Datapoints"]
    assert (status, point["Sum"], type(point["Sum"])) == (200, 2.5, float)
    assert abs((point["Timestamp"] - now).total_seconds()) < 120  # cbor2 reads the tag as a time


def test_what_is_no_cbor_or_no_operation_is_refused(bare: Started) -> None:
    assert rpc_v2(bare, "PutMetricData", b"\xff")[0] == 400
    status, error = rpc_v2(bare, "MakeCoffee", cbor2.dumps({}))
    assert (status, "is not here" in error["message"]) == (501, True)


def test_a_service_whose_packages_are_missing_is_named(tmp_path: Path) -> None:
    pytest.importorskip("moto")
    if find_spec("openapi_spec_validator"):
        pytest.skip("moto's CloudFormation has all that it needs")
    with ours_in(tmp_path) as server, pytest.raises(ClientError) as refused:
        client(server, "cloudformation").list_stacks()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == 0
