"""What is around a mapping in a plan of Terraform: alarms, queues, topics, roles."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from tests.unit.lint.conftest import Linted
from tests.unit.lint.terraform_plans import (
    CODE,
    FAILURES,
    SENDS,
    Json,
    Planned,
    allow,
    careful,
    is_,
    plan,
    to,
)

READER = Planned(
    "aws_lambda_function.reader",
    {"function_name": "reader", "handler": "app.handler", "runtime": "python3.13", "timeout": 20},
)
READS = Planned(
    "aws_lambda_event_source_mapping.reader",
    {"function_name": "reader", "batch_size": 10},
    {"event_source_arn": FAILURES},
    {"event_source_arn": True},
)
REDRIVE = Planned(
    "aws_sqs_queue_redrive_policy.failures",
    {},
    {
        "queue_url": to("aws_sqs_queue.failures.id", "aws_sqs_queue.failures"),
        "redrive_policy": to("aws_sqs_queue.last.arn", "aws_sqs_queue.last"),
    },
    {"queue_url": True, "redrive_policy": True},
)
MANAGED = "arn:aws:iam::aws:policy/"
SENDING = {"Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
READING = {"Statement": [{"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}]}


def attached(arn: str | Json, address: str = "aws_iam_role_policy_attachment.worker") -> Planned:
    """A managed policy, attached to the role of the function."""
    written = {} if isinstance(arn, str) else {"policy_arn": arn}
    known = {"policy_arn": arn} if isinstance(arn, str) else {}
    return Planned(address, {"role": "worker", **known}, written, {"policy_arn": not known})


@dataclass(frozen=True)
class Case:
    """Changes of the careful plan.

    Args:
        expected: the rule that then finds something; "": none.
        values: address -> attributes that are other ones; None: the attribute is not there.
        without: resources that are not there.
        more: resources that are there too.
        documents: the policy documents.
    """

    expected: str
    values: Mapping[str, Json] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    more: tuple[Planned, ...] = ()
    documents: Mapping[str, list[Json]] = field(default_factory=lambda: SENDS)

    def text(self) -> str:
        """The plan."""
        resources = careful()
        for address in self.without:
            del resources[address]
        for address, changed in self.values.items():
            before = resources[address]
            kept = {**before.values, **changed}
            resources[address] = replace(
                before, values={name: value for name, value in kept.items() if value is not None}
            )
        more = {each.address: each for each in self.more}
        return plan({**resources, **more}, self.documents)


AGE, LATE = "aws_cloudwatch_metric_alarm.age", "aws_cloudwatch_metric_alarm.failures"
QUEUE, POLICY = "aws_sqs_queue.failures", "aws_iam_role_policy.worker"

CASES = {
    "nothing is to be said": Case(""),
    # aws_cloudwatch_metric_alarm
    "no alarm is on the iterator age": Case("K017", without=(AGE,)),
    "the alarm is on another function's": Case(
        "K017", {AGE: {"dimensions": {"FunctionName": "reader"}}}
    ),
    "the alarm is on an alias of the function": Case(
        "", {AGE: {"dimensions": {"FunctionName": "worker", "Resource": "worker:live"}}}
    ),
    "the alarm is an expression": Case(
        "",
        {
            AGE: {
                "metric_name": None,
                "dimensions": None,
                "metric_query": [
                    {"id": "m", "metric": [{"metric_name": "IteratorAge", "dimensions": {}}]}
                ],
            }
        },
    ),
    "somebody else's monitor may watch": Case(
        "", without=(AGE,), more=(Planned("datadog_monitor.age", {"type": "metric alert"}),)
    ),
    "nobody watches the queue": Case("K018", without=(LATE,)),
    "the alarm is on another queue": Case(
        "K018",
        without=(LATE,),
        more=(
            replace(
                careful()[LATE],
                written={},
                unknown={},
                values={
                    "metric_name": "ApproximateNumberOfMessagesVisible",
                    "dimensions": {"QueueName": "jobs"},
                },
            ),
        ),
    ),
    "a pipe reads the queue": Case(
        "",
        without=(LATE,),
        more=(Planned("aws_pipes_pipe.p", {}, {"source": FAILURES}, {"source": True}),),
    ),
    # aws_sqs_queue
    "the queue forgets": Case("K019", {QUEUE: {"message_retention_seconds": 86_400}}),
    "the queue keeps them four days": Case("", {QUEUE: {"message_retention_seconds": 345_600}}),
    "the queue is not encrypted": Case("K020", {QUEUE: {"sqs_managed_sse_enabled": False}}),
    "the queue has a key of its own": Case(
        "", {QUEUE: {"sqs_managed_sse_enabled": False, "kms_master_key_id": "alias/orders"}}
    ),
    "the reader's messages come back": Case("K021", more=(READER, READS)),
    "the queue has a redrive policy": Case(
        "", {QUEUE: {"redrive_policy": '{"maxReceiveCount": 5}'}}, more=(READER, READS)
    ),
    "the redrive policy is a resource": Case("", more=(READER, READS, REDRIVE)),
    "the reader takes longer than the queue hides": Case(
        "K022",
        {QUEUE: {"visibility_timeout_seconds": 10, "redrive_policy": '{"maxReceiveCount": 5}'}},
        more=(READER, READS),
    ),
    # aws_iam_role_policy and what else gives a role permissions
    "no policy lets the role send": Case("K025", without=(POLICY,)),
    "the policy is about another action": Case(
        "K025", documents={"worker": [allow("sqs:ReceiveMessage", on=FAILURES)]}
    ),
    "the policy is about another queue": Case(
        "K025",
        documents={"worker": [allow("sqs:SendMessage", on=to("aws_sqs_queue.jobs.arn"))]},
        more=(Planned("aws_sqs_queue.jobs", {"name": "jobs"}),),
    ),
    "the policy forbids": Case(
        "K025",
        documents={
            "worker": [{**allow("sqs:SendMessage", on=FAILURES), "effect": is_("Deny")}],
        },
    ),
    "the policy allows all queues": Case(
        "", documents={"worker": [allow("sqs:*", on=is_(["arn:aws:sqs:*:*:*"]))]}
    ),
    "the resources are a variable": Case(
        "", documents={"worker": [allow("sqs:SendMessage", on=to("local.queues"))]}
    ),
    "the policy is a text that refers to something": Case("", documents={}),
    "the policy is a text that is known": Case(
        "K025", {POLICY: {"role": "worker", "policy": json.dumps(READING)}}
    ),
    "the policy is a text that lets it": Case(
        "", {POLICY: {"role": "worker", "policy": json.dumps(SENDING)}}
    ),
    "the policy is another role's": Case(
        "K025", {POLICY: {"role": "reader", "policy": json.dumps(SENDING)}}
    ),
    "AWS's policy for Kinesis does not let it": Case(
        "K025",
        without=(POLICY,),
        more=(attached(f"{MANAGED}service-role/AWSLambdaKinesisExecutionRole"),),
    ),
    "AWS's policy for SQS does": Case(
        "", without=(POLICY,), more=(attached(f"{MANAGED}AmazonSQSFullAccess"),)
    ),
    "a managed policy of the plan does": Case(
        "",
        without=(POLICY,),
        more=(
            Planned("aws_iam_policy.send", {"name": "send", "policy": json.dumps(SENDING)}),
            attached(to("aws_iam_policy.send.arn", "aws_iam_policy.send")),
        ),
    ),
    "a managed policy of the plan does not": Case(
        "K025",
        without=(POLICY,),
        more=(
            Planned("aws_iam_policy.read", {"name": "read", "policy": json.dumps(READING)}),
            attached(to("aws_iam_policy.read.arn", "aws_iam_policy.read")),
        ),
    ),
    "a policy from elsewhere may": Case(
        "", without=(POLICY,), more=(attached(to("data.aws_iam_policy.send.arn")),)
    ),
    "the queue's own policy may": Case(
        "",
        without=(POLICY,),
        more=(Planned("aws_sqs_queue_policy.q", {"policy": json.dumps(SENDING)}),),
    ),
    "the role is made elsewhere": Case(
        "",
        {"aws_lambda_function.worker": {"role": "arn:aws:iam::123456789012:role/shared"}},
        without=("aws_iam_role.worker", POLICY),
    ),
    # aws_lambda_event_source_mapping
    "there is no destination": Case(
        "K002", {"aws_lambda_event_source_mapping.orders": {"destination_config": []}}
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_found_in_a_plan_is_what_is_so(case: Case, lint: Linted) -> None:
    linted = lint(case.text(), CODE, name="plan.json")
    assert linted.mappings >= 1
    found = sorted({each.finding.rule.id for each in linted.findings})
    assert found == ([case.expected] if case.expected else []), [
        each.finding.message for each in linted.findings
    ]


def test_each_rule_on_what_is_around_a_mapping_has_a_plan_for_it() -> None:
    around = {"K017", "K018", "K019", "K020", "K021", "K022", "K025"}
    assert around <= {case.expected for case in CASES.values()}


def test_a_plan_of_a_part_says_nothing_of_what_may_be_elsewhere(lint: Linted) -> None:
    document = json.loads(Case("", without=(AGE, LATE)).text())
    text = json.dumps({**document, "complete": False})
    assert lint(text, CODE, name="plan.json").findings == []


def test_resources_that_count_made_are_found(lint: Linted) -> None:
    text = Case("K019", {QUEUE: {"message_retention_seconds": 60}}).text()
    document = json.loads(text)
    for each in document["planned_values"]["root_module"]["resources"]:
        each["address"] += "[0]"
    for each in document["resource_changes"]:
        each["address"] += "[0]"
    linted = lint(json.dumps(document), CODE, name="plan.json")
    assert [each.finding.rule.id for each in linted.findings] == ["K019"]


def test_a_state_is_judged_by_the_arns_that_aws_has_given(lint: Linted) -> None:
    document = json.loads(Case("K019", {QUEUE: {"message_retention_seconds": 60}}).text())
    resources = document["planned_values"]["root_module"]["resources"]
    arns = {
        "aws_kinesis_stream.orders": "arn:aws:kinesis:eu-west-1:111122223333:stream/orders",
        "aws_lambda_function.worker": "arn:aws:lambda:eu-west-1:111122223333:function:worker",
        "aws_iam_role.worker": "arn:aws:iam::111122223333:role/worker",
        QUEUE: "arn:aws:sqs:eu-west-1:111122223333:terraform-20260101",
    }
    sending = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arns[QUEUE]}
    given: dict[str, Json] = {
        **{address: {"arn": arn} for address, arn in arns.items()},
        QUEUE: {"arn": arns[QUEUE], "name": "terraform-20260101"},
        "aws_lambda_function.worker": {
            "arn": arns["aws_lambda_function.worker"],
            "role": arns["aws_iam_role.worker"],
        },
        POLICY: {"role": "worker", "policy": json.dumps({"Statement": [sending]})},
        LATE: {"dimensions": {"QueueName": "terraform-20260101"}},
        "aws_lambda_event_source_mapping.orders": {
            "event_source_arn": arns["aws_kinesis_stream.orders"],
            "function_name": arns["aws_lambda_function.worker"],
            "destination_config": [{"on_failure": [{"destination_arn": arns[QUEUE]}]}],
        },
    }
    for each in resources:
        each["values"].update(given.get(each["address"], {}))
    state = {"format_version": "1.0", "values": {"root_module": {"resources": resources}}}
    linted = lint(json.dumps(state), CODE, name="state.json")
    assert [each.finding.rule.id for each in linted.findings] == ["K019"]


def test_the_advice_is_in_terraforms_words(lint: Linted) -> None:
    text = Case("K019", {QUEUE: {"message_retention_seconds": 60}}, without=(AGE,)).text()
    advice = [each.advice for each in lint(text, CODE, name="plan.json").findings]
    assert any("In Terraform: `message_retention_seconds = 1209600`." in each for each in advice)
    assert any('In Terraform: `resource "aws_cloudwatch_metric_alarm"`.' in each for each in advice)
