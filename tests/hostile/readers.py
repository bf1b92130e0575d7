"""Every reader of a file that a user may have: how a sound file looks, and what kcli does with it.

A reader may refuse with a `KcliError`; any other exception would be "a bug in kcli".
"""

# ruff: noqa: E501, ANN401 - data

import json
import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from kinesis_cli.errors import KcliError
from kinesis_cli.event_source_mapping.filters.criteria import compile_filters
from kinesis_cli.function_log.lines import last_report, parse_line
from kinesis_cli.function_log.measured_calls import logged_messages, measured_calls
from kinesis_cli.handlers.invoke_once import read_event
from kinesis_cli.lint.linting import lint_file
from kinesis_cli.local.function.project import project_functions
from kinesis_cli.local.place import Place
from kinesis_cli.payloads.changes.keys import TableKeys
from kinesis_cli.payloads.changes.settings import ChangeSettings
from kinesis_cli.payloads.changes.table_stream import ChangeMaker
from kinesis_cli.payloads.changes.views import View
from kinesis_cli.payloads.changes.writes import Change, Write
from kinesis_cli.payloads.kafka import TopicRecords
from kinesis_cli.payloads.own_data import payloads_from
from kinesis_cli.payloads.template import from_template
from kinesis_cli.project.find import function_of_project
from kinesis_cli.project.function import CodeChoices, Function
from kinesis_cli.project.mapping import choose_mapping
from kinesis_cli.project.samples import sample_events
from kinesis_cli.project.settings import read_settings, template_settings
from kinesis_cli.project.target import resolve_target, template_streams
from kinesis_cli.project.template.file import TemplateFile
from kinesis_cli.project.variables import overrides
from kinesis_cli.putting.replay_input import open_replay_input
from kinesis_cli.putting.replay_journal import Replay, ReplayJournal
from kinesis_cli.recordings.form import Reading
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.recordings.resumable import GrowingRecording, kept_progress
from kinesis_cli.show.lint import as_document
from kinesis_cli.show.sarif import sarif
from kinesis_cli.stream.event import KinesisEvent, lambda_record
from kinesis_cli.stream.kinds.change_record import TABLE_STREAM_ARN
from kinesis_cli.stream.kinds.kafka import KAFKA
from kinesis_cli.stream.on_failure_reading import read_documents
from kinesis_cli.stream.payload import Payload
from kinesis_cli.testing.checks.batches import batch_of
from kinesis_cli.testing.checks.made_records import variants_of
from kinesis_cli.testing.search.samples import samples_of_file


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader of files."""

    name: str
    file: str  # what the file is called, in its project's folder
    kind: str  # "yaml", "json", "toml": whose words are put in
    sound: Callable[[], Any]  # a document, or a text
    read: Callable[[Path], object]

    @property
    def is_project(self) -> bool:
        """Whether it reads a whole project, which takes longer."""
        return self.read in (read_project, _settings, _lint)


def consume(items: Any) -> None:
    """Take all of them, at most 3,000."""
    deque(islice(items, 3000), maxlen=0)


# --- projects

SAM: dict[str, Any] = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Parameters": {"Size": {"Type": "Number", "Default": 7}, "Where": {"Type": "String"}},
    "Mappings": {"M": {"a": {"b": "c"}}},
    "Conditions": {
        "C": {"Fn::Equals": [{"Ref": "Size"}, "7"]},
        "D": {"Fn::Not": [{"Condition": "C"}]},
        "E": {"Fn::And": [{"Condition": "C"}, {"Fn::Or": [{"Condition": "D"}, {"Condition": "C"}]}]},
    },
    "Globals": {"Function": {"Timeout": 5, "Environment": {"Variables": {"A": "b"}}}},
    "Resources": {
        "Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": "s", "ShardCount": 2}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": False}},
        "Layer": {
            "Type": "AWS::Serverless::LayerVersion",
            "Properties": {"ContentUri": "layer"},
        },
        "Function": {
            "Type": "AWS::Serverless::Function",
            "Condition": "C",
            "Properties": {
                "CodeUri": "src",
                "Handler": "app.handler",
                "Runtime": "python3.12",
                "MemorySize": 256,
                "AutoPublishAlias": "live",
                "ReservedConcurrentExecutions": 3,
                "Layers": [{"Ref": "Layer"}, "arn:aws:lambda:eu-west-1:1:layer:AWSL:1"],
                "LoggingConfig": {"LogFormat": "JSON", "SystemLogLevel": "DEBUG"},
                "Environment": {"Variables": {"Q": {"Ref": "Queue"}, "X": {"Fn::Sub": "${Size}-${Queue.Arn}"}}},
                "Events": {
                    "Kinesis": {
                        "Type": "Kinesis",
                        "Properties": {
                            "Stream": {"Fn::GetAtt": ["Stream", "Arn"]},
                            "BatchSize": {"Ref": "Size"},
                            "StartingPosition": "TRIM_HORIZON",
                            "FilterCriteria": {"Filters": [{"Pattern": '{"data": {"a": [1]}}'}]},
                            "FunctionResponseTypes": ["ReportBatchItemFailures"],
                            "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": "Queue.Arn"}}},
                        },
                    }
                },
            },
        },
    },
    "Outputs": {"O": {"Value": {"Fn::Join": ["-", ["a", {"Ref": "Stream"}]]}}},
}  # fmt: skip

CLOUDFORMATION: dict[str, Any] = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Parameters": {"A": {"Type": "CommaDelimitedList", "Default": "x,y"}},
    "Resources": {
        "Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": {"Fn::Select": [0, {"Ref": "A"}]}}},
        "Consumer": {
            "Type": "AWS::Kinesis::StreamConsumer",
            "Properties": {"StreamARN": {"Fn::GetAtt": "Stream.Arn"}, "ConsumerName": "c"},
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"ZipFile": "def handler(event, context): pass"},
                "Handler": "index.handler",
                "Runtime": "python3.12",
                "Timeout": 9,
            },
        },
        "Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}},
        "Alias": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {
                "FunctionName": {"Ref": "Function"},
                "FunctionVersion": {"Fn::GetAtt": "Version.Version"},
                "Name": "live",
            },
        },
        "Mapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": {"Ref": "Consumer"},
                "FunctionName": {"Ref": "Alias"},
                "StartingPosition": "AT_TIMESTAMP",
                "StartingPositionTimestamp": 1545084650,
                "TumblingWindowInSeconds": 30,
            },
        },
        "Child": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "child.json"}},
    },
}  # fmt: skip

TERRAFORM: dict[str, Any] = {
    "format_version": "1.2",
    "planned_values": {
        "root_module": {
            "resources": [
                {"address": "aws_kinesis_stream.s", "mode": "managed", "type": "aws_kinesis_stream",
                 "name": "s", "values": {"name": "s", "shard_count": 2, "retention_period": 24}},
                {"address": "aws_lambda_function.f", "mode": "managed", "type": "aws_lambda_function",
                 "name": "f", "values": {"function_name": "f", "handler": "app.handler",
                 "runtime": "python3.12", "filename": "src", "timeout": 3, "memory_size": 128,
                 "environment": [{"variables": {"A": "b"}}]}},
                {"address": "aws_lambda_event_source_mapping.m", "mode": "managed",
                 "type": "aws_lambda_event_source_mapping", "name": "m",
                 "values": {"batch_size": 10, "starting_position": "LATEST",
                 "destination_config": [{"on_failure": [{"destination_arn": "arn:aws:sqs:x:1:q"}]}]}},
            ],
            "child_modules": [{"address": "module.a", "resources": [], "child_modules": []}],
        }
    },
    "configuration": {
        "root_module": {
            "resources": [
                {"address": "aws_lambda_event_source_mapping.m", "mode": "managed",
                 "type": "aws_lambda_event_source_mapping", "name": "m", "expressions": {
                 "event_source_arn": {"references": ["module.a.out", "aws_kinesis_stream.s.arn"]},
                 "function_name": {"references": ["aws_lambda_function.f.arn"]}}},
            ],
            "module_calls": {"a": {"expressions": {"v": {"references": ["aws_kinesis_stream.s.arn"]}},
                "module": {"outputs": {"out": {"expression": {"references": ["var.v"]}}}}}},
        }
    },
    "prior_state": {"values": {"root_module": {"resources": [
        {"type": "archive_file", "values": {"output_path": "src", "source_dir": "src"}}]}}},
}  # fmt: skip


def read_project(folder: Path) -> None:
    """All that commands ask of a project: its settings, function, mappings and streams."""
    (folder / "src").mkdir(exist_ok=True)
    (folder / "src" / "app.py").write_text("def handler(event, context):\n    return None\n")
    _in_turn(_target, _function, _functions, _streams)(folder)


def _lint(folder: Path) -> None:
    """Lint what is there, with every form of the result."""
    found = [lint_file(TemplateFile(_only_file(folder)))]
    for lint in found:
        assert all(each.diff is not None for each in lint.findings)
        lint.diff()
    as_document(found)
    sarif(found)


def _settings(folder: Path) -> None:
    """The project of a file that is beside its template."""
    for file in (folder / "template.yaml", folder / "cdk.out" / "App.template.json"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(SAM))
    for below in ("src", "layer"):
        (folder / "cdk.out" / below).mkdir()
    read_project(folder)


def _target(folder: Path) -> None:
    target = resolve_target(read_settings(environment={}, directory=folder), folder)
    assert target.is_local or target.is_aws or target.kind


def _function(folder: Path) -> None:
    found: Function = function_of_project(template_settings(directory=folder), folder)
    choose_mapping(found, None, {})
    _set_in_a_process(found.environment)


def _set_in_a_process(variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        os.fsencode(name), os.fsencode(value)
        assert name, "a variable without a name cannot be set"
        assert "=" not in name, "a variable with = in its name cannot be set"
        assert "\0" not in name + value, "a variable with NUL cannot be set"


def _functions(folder: Path) -> None:
    from kinesis_cli.project.locate import find_project

    template = find_project(template_settings(directory=folder), folder).template
    project_functions(
        template, Place("http://127.0.0.1:4567", "us-east-1", "000000000000"), CodeChoices()
    )


def _streams(folder: Path) -> None:
    template_streams(template_settings(directory=folder), folder)


# --- records

RECORDS = [
    lambda_record(
        shard_id="shardId-000000000000",
        sequence_number=str(49590338271490256608559692538361571095921575989136588898 + n),
        partition_key=f"k{n}",
        arrival=1545084650.0 + n,
        data=json.dumps({"temperature": n, "sensor": {"id": "a"}}).encode(),
    )
    for n in range(4)
]


def event() -> Any:
    """A Kinesis event."""
    return {
        "Records": [json.loads(record.raw) for record in RECORDS],
        "window": {"start": "2020-07-30T17:00:00Z", "end": "2020-07-30T17:05:00Z"},
        "state": {"1": 282},
        "shardId": "shardId-000000000000",
    }


def recording() -> str:
    """A recording."""
    return "".join(record.raw.decode() + "\n" for record in RECORDS)


def get_records() -> Any:
    """What `aws kinesis get-records` prints."""
    return {
        "Records": [
            {
                "SequenceNumber": record.sequence_number,
                "ApproximateArrivalTimestamp": "2018-12-17T22:10:50.987000+00:00",
                "Data": "eyJzZW5zb3IiOiB7ImlkIjogImEifX0=",
                "PartitionKey": "k",
            }
            for record in RECORDS
        ],
        "NextShardIterator": "AAAA",
        "MillisBehindLatest": 0,
    }


def _recording(folder: Path) -> None:
    path = str(_only_file(folder))
    with Recording.open([path]) as found:
        filters = compile_filters(['{"data": {"temperature": [{"numeric": [">", 1]}]}}'])
        for record in found.records():
            filters.matches(record)
            filters.explain(record)
    with Recording.open([path]) as found:
        for shard_id in found.shard_ids:
            while found.take(shard_id, 1e12, 10, 1 << 20):
                pass


def _raw(folder: Path) -> None:
    with Recording.open([str(_only_file(folder))], raw=True) as found:
        consume(found.records())


def _replayed(folder: Path) -> None:
    path = str(_only_file(folder))
    for key_field in (None, "sensor.id"):
        with open_replay_input([path], None, key_field) as found:
            for moved in islice(found.records, 3000):
                moved.entry.problem(1 << 20)


def _event(folder: Path) -> None:
    path = _only_file(folder)
    KinesisEvent.from_json(path.read_bytes()).to_json()


def _in_turn(*steps: Callable[[Path], object]) -> Callable[[Path], None]:
    def read(folder: Path) -> None:
        refused = None
        for step in steps:
            try:
                step(folder)
            except KcliError as error:
                refused = refused or error
        if refused:
            raise refused

    return read


def _only_file(folder: Path) -> Path:
    (file,) = (each for each in folder.iterdir() if each.is_file())
    return file


DOCUMENT = {
    "requestContext": {
        "requestId": "5a7d31a4-1b52-4b1e-9a3a-4c4a9b8a51bc",
        "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:f",
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 3,
    },
    "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
    "version": "1.0",
    "timestamp": "2026-01-01T00:00:00.000Z",
    "KinesisBatchInfo": {
        "shardId": "shardId-000000000000",
        "startSequenceNumber": RECORDS[0].sequence_number,
        "endSequenceNumber": RECORDS[3].sequence_number,
        "approximateArrivalOfFirstRecord": "2026-01-01T00:00:00.000Z",
        "approximateArrivalOfLastRecord": "2026-01-01T00:00:00.000Z",
        "batchSize": 4,
        "streamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/s",
    },
}  # fmt: skip


def messages() -> Any:
    """What `aws sqs receive-message` prints, with documents of both kinds."""
    return {
        "Messages": [
            {"MessageId": "a", "ReceiptHandle": "b", "Body": json.dumps(DOCUMENT)},
            {"Body": json.dumps({"Type": "Notification", "Message": json.dumps(DOCUMENT)})},
            {**DOCUMENT, "payload": event()},
        ]
    }


def _documents(folder: Path) -> None:
    for document in read_documents(_only_file(folder).read_text("utf-8", "replace"), "a file"):
        document.names("1")
        assert document.region is not None
        assert document.is_consumers is not None


LOG = """\
START RequestId: 5a7d31a4-1b52-4b1e-9a3a-4c4a9b8a51bc Version: $LATEST
{"timestamp": "2026-01-01T00:00:00Z", "level": "INFO", "message": "9 records", "requestId": "5a7d"}
{"time": "2026-01-01T00:00:00Z", "type": "platform.report", "record": {"requestId": "5a7d", \
"metrics": {"durationMs": 3.4, "billedDurationMs": 4, "memorySizeMB": 128, "maxMemoryUsedMB": 30}}}
[INFO]\t2026-01-01T00:00:00.000Z\t5a7d31a4-1b52-4b1e-9a3a-4c4a9b8a51bc\tgot 100 records
Traceback (most recent call last):
2026-01-01T00:00:00.000Z 5a7d31a4-1b52-4b1e-9a3a-4c4a9b8a51bc ERROR boom
END RequestId: 5a7d31a4-1b52-4b1e-9a3a-4c4a9b8a51bc
REPORT RequestId: 5a7d31a4-1b52-4b1e-9a3a-4c4a9b8a51bc\tDuration: 3.33 ms\tBilled Duration: 4 ms\t\
Memory Size: 128 MB\tMax Memory Used: 30 MB\tInit Duration: 100.1 ms
{"logStream": "x", "message": "REPORT RequestId: 5a7d\\tDuration: 1 ms"}
"""


def _log(folder: Path) -> None:
    text = _only_file(folder).read_bytes().decode("utf-8", "replace")
    measured_calls(logged_messages(text))
    for line in text.splitlines():
        parse_line(line)
    last_report(text.splitlines())


def _variables(folder: Path) -> None:
    _set_in_a_process(overrides(_only_file(folder), ("Function", "name")))


def _mapping(folder: Path) -> None:
    bare = Function(
        name="f", code_uri=folder, handler="a.b", timeout=3, memory_size=128, environment={},
        mapping=None, origin="", mapping_origin="",
    )  # fmt: skip
    chosen = choose_mapping(bare, _only_file(folder), {})
    compile_filters(chosen.mapping.filter_patterns)


MAPPING = {
    "EventSourceArn": "arn:aws:kinesis:us-east-1:123456789012:stream/s",
    "FunctionName": "f",
    "StartingPosition": "AT_TIMESTAMP",
    "StartingPositionTimestamp": "2026-01-31T00:00:00Z",
    "BatchSize": 10,
    "MaximumRecordAgeInSeconds": -1,
    "FilterCriteria": {"Filters": [{"Pattern": '{"data": {"t": [{"numeric": [">", 1, "<=", 9]}]}}'}]},
    "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:q"}},
}  # fmt: skip
PATTERN: dict[str, Any] = {
    "data": {
        "temperature": [{"numeric": [">", 1, "<=", 9]}, 3, "x", None, {"exists": False}],
        "sensor": {"id": [{"prefix": "a"}, {"suffix": {"equals-ignore-case": "b"}}, {"wildcard": "*a*"}]},
        "$or": [{"a": [{"anything-but": ["x"]}]}, {"b": [{"cidr": "10.0.0.0/8"}]}],
    },
    "partitionKey": [{"anything-but": {"prefix": "z"}}],
}  # fmt: skip


def _pattern(folder: Path) -> None:
    text = _only_file(folder).read_text("utf-8", "replace")
    filters = compile_filters([text])
    for record in RECORDS:
        filters.matches(record)
        filters.explain(record)


REPLAY = Replay(inputs=["a"], records=4, target="t", selection=["None"])


def _journal(folder: Path) -> None:
    with ReplayJournal(_only_file(folder), REPLAY, 0.0, resume=True) as journal:
        journal.is_done(1)
        journal.uncertain()


def _progress(folder: Path) -> None:
    (folder / "day.ndjson").write_text(recording())
    kept = kept_progress(folder / "day.ndjson")
    if kept is not None:
        with GrowingRecording(folder / "day.ndjson", kept):
            pass


JOURNAL = (
    '{"version":1,"replay":{"inputs":["a"],"records":4,"target":"t","selection":["None"]},'
    '"offset":1.5}\ns 0-3\na 0-1\nn 2-2\n'
)
PROGRESS = {
    "stream": "arn:aws:kinesis:us-east-1:123456789012:stream/s",
    "startKind": "TRIM_HORIZON",
    "length": len(RECORDS[0].raw) + 1,
    "records": 1,
    "positions": {"shardId-000000000000": RECORDS[0].sequence_number},
    "version": 1,
}
SAMCONFIG_TOML = """\
version = 0.1
[default.global.parameters]
stack_name = "app"
[default.deploy.parameters]
region = "eu-west-1"
profile = "dev"
parameter_overrides = "Size=\\"7\\" Where=here"
[default.build.parameters]
template_file = "infra.yaml"
[prod.deploy.parameters]
parameter_overrides = ["A=1", "B=2"]
"""
SAMCONFIG: dict[str, Any] = {
    "version": 0.1,
    "default": {
        "global": {"parameters": {"stack_name": "app"}},
        "deploy": {"parameters": {"region": "eu-west-1", "parameter_overrides": ["A=1", "B=2"]}},
        "build": {"parameters": {"template_file": "template.yaml"}},
    },
}
KCLI_TOML = """\
stream = "s"
endpoint-url = "local"
region = "eu-west-1"
template = "template.yaml"
parameter_overrides = "Size=7"
"""
PYPROJECT = '[project]\nname = "x"\n[tool.kcli]\n' + KCLI_TOML
PACKAGE: dict[str, Any] = {
    "name": "x",
    "dependencies": {"@middy/core": "1", "left-pad": "^1"},
    "devDependencies": {"aws-cdk": "2"},
    "type": "module",
}
PAYLOAD_TEMPLATE = (
    '{"i": {{ index }}, "t": {{ random.gauss(20, 3) | round(2) }}, "id": "{{ uuid() }}", '
    '"list": [{% for n in range(3) %}{{ n }}{{ "," if not loop.last }}{% endfor %}], '
    '"name": "{{ "x" * 3 }}", {% set a = {"b": [1, 2]} %}"v": {{ a.b[0] + now }} }'
)


def _payload_template(folder: Path) -> None:
    consume(from_template(_only_file(folder), Random(1), [1.0, 2.0]))


def _samples(folder: Path) -> None:
    (folder / "events").mkdir()
    _only_file(folder).rename(folder / "events" / "sample.json")
    sample_events(folder)


KEYS = TableKeys("id", "n")
TABLE_ITEMS = [
    {"id": {"S": "a"}, "n": {"N": "1"}, "total": {"N": "12.50"}, "tags": {"SS": ["x", "y"]}},
    {"id": "a", "n": 2, "raw": None, "lines": [{"sku": "s", "count": 3}, True, 1e-5]},
    {"id": "b", "n": 3, "note": "Zażółć"},
]
TABLE_MAPPING = {
    "Resources": {
        "Orders": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {"StreamSpecification": {"StreamViewType": "NEW_IMAGE"}},
        },
        "Ship": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "CodeUri": "src",
                "Handler": "app.handler",
                "Runtime": "python3.13",
                "Events": {
                    "Changes": {
                        "Type": "DynamoDB",
                        "Properties": {
                            "Stream": {"Fn::GetAtt": ["Orders", "StreamArn"]},
                            "StartingPosition": "LATEST",
                            "FilterCriteria": {
                                "Filters": [{"Pattern": '{"dynamodb": {"NewImage": {"a": ["b"]}}}'}]
                            },
                        },
                    }
                },
            },
        },
    }
}


def topic() -> Any:
    """An event of two partitions of a topic."""
    given = [
        (1545084650.987 + n, Payload(f"key-{n}", None, b'{"temperature": 9}')) for n in range(6)
    ]
    made = TopicRecords("readings", 2, is_self_managed=False).records(given)
    return json.loads(KAFKA.event(made))


def changes() -> Any:
    """An event of a table's stream."""
    made = ChangeMaker(
        KEYS,
        View.NEW_AND_OLD_IMAGES,
        stream_arn=TABLE_STREAM_ARN,
        random=Random(1),
        created=1545084650.0,
    )
    items = [KEYS.item(item, "item") for item in TABLE_ITEMS]
    found = made.records((1545084650.0, Write(None, item)) for item in items)
    return {"Records": [json.loads(raw) for _, raw in found]}


def _items(folder: Path) -> None:
    settings = ChangeSettings(
        keys=KEYS, changes=tuple(Change), items=str(_only_file(folder)), view=View.KEYS_ONLY
    )
    consume(settings.records(Random(1), 1545084650.0, 1.0, 20))


def _broken_changes(folder: Path) -> None:
    samples = samples_of_file(str(_only_file(folder)), Reading(), lambda _: None)
    for item in samples.items[:2]:
        for variant in islice(variants_of(item), 40):
            batch_of([item._replace(data=variant.data)])


READERS = (
    Reader("SAM template", "template.yaml", "yaml", lambda: SAM, read_project),
    Reader("CloudFormation", "template.yaml", "yaml", lambda: CLOUDFORMATION, read_project),
    Reader("template in JSON", "template.json", "json", lambda: SAM, read_project),
    Reader("CDK's assembly", "cdk.out/App.template.json", "json", lambda: CLOUDFORMATION, read_project),
    Reader("Terraform's plan", "plan.json", "json", lambda: TERRAFORM, read_project),
    Reader("Serverless", ".serverless/cloudformation-template-update-stack.json", "json",
           lambda: CLOUDFORMATION, read_project),
    Reader("Chalice", ".chalice/packaged/sam.json", "json", lambda: SAM, read_project),
    Reader("linted SAM", "template.yaml", "yaml", lambda: SAM, _lint),
    Reader("linted CloudFormation", "template.yaml", "yaml", lambda: CLOUDFORMATION, _lint),
    Reader("linted JSON", "template.json", "json", lambda: CLOUDFORMATION, _lint),
    Reader("linted plan", "plan.json", "json", lambda: TERRAFORM, _lint),
    Reader("cdk.json", "cdk.json", "json", lambda: {"app": "x", "output": "cdk.out"}, _settings),
    Reader("package.json", "package.json", "json", lambda: PACKAGE, _settings),
    Reader("samconfig.toml", "samconfig.toml", "toml", lambda: SAMCONFIG_TOML, _settings),
    Reader("samconfig.yaml", "samconfig.yaml", "yaml", lambda: SAMCONFIG, _settings),
    Reader("kcli.toml", "kcli.toml", "toml", lambda: KCLI_TOML, _settings),
    Reader("pyproject.toml", "pyproject.toml", "toml", lambda: PYPROJECT, _settings),
    Reader("mapping in YAML", "mapping.yaml", "yaml", lambda: MAPPING, _mapping),
    Reader("mapping in JSON", "mapping.json", "json", lambda: MAPPING, _mapping),
    Reader("--env-vars", "env.json", "json",
           lambda: {"Parameters": {"A": "b"}, "Function": {"C": 1, "D": True, "E": None}}, _variables),
    Reader("filter pattern", "pattern", "json", lambda: PATTERN, _pattern),
    Reader("event", "event.json", "json", event,
           _in_turn(_event, _recording, _replayed, lambda f: read_event(str(_only_file(f))))),
    Reader("recording", "day.ndjson", "json", recording,
           _in_turn(_recording, _replayed, lambda f: read_event(str(_only_file(f))))),
    Reader("get-records", "got.json", "json", get_records, _in_turn(_recording, _replayed)),
    Reader("payload lines", "payloads.txt", "json", recording,
           _in_turn(_raw, lambda f: consume(payloads_from(str(_only_file(f)))))),
    Reader("Firehose's objects", "firehose", "json",
           lambda: '{"sensor":{"id":1},"t":1}{"sensor":{"id":2}}\n{"sensor":{"id":3}}{"sensor":{"id":4.5}}', _replayed),
    Reader("on-failure documents", "documents.json", "json", messages, _documents),
    Reader("log", "log.txt", "json", lambda: LOG, _log),
    Reader("sample event", "sample.json", "json", event, _samples),
    Reader("items of a table", "items.json", "json", lambda: TABLE_ITEMS, _items),
    Reader("changes of a table", "changes.json", "json", changes,
           _in_turn(_recording, _broken_changes, lambda f: read_event(str(_only_file(f))))),
    Reader("topic of Kafka", "topic.json", "json", topic,
           _in_turn(_recording, lambda f: read_event(str(_only_file(f))))),
    Reader("linted mapping of a table", "template.json", "json", lambda: TABLE_MAPPING, _lint),
    Reader("replay's journal", "day.ndjson.replay", "json", lambda: JOURNAL, _journal),
    Reader("record's progress", "day.ndjson.progress", "json", lambda: PROGRESS, _progress),
    Reader("payload template", "t.j2", "json", lambda: PAYLOAD_TEMPLATE, _payload_template),
)  # fmt: skip
