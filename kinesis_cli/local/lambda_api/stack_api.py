"""CloudFormation's view of the template, as if it had been deployed as a stack.

Only what tells where things are: DescribeStacks, DescribeStackResources, ListStackResources. Other
calls are moto's.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
"""

import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from html import escape
from urllib.parse import parse_qsl

from kinesis_cli.errors import InputError
from kinesis_cli.local.http.messages import Request, Response
from kinesis_cli.local.http.signature import Signer
from kinesis_cli.local.service.function_service import FunctionService
from kinesis_cli.project.samconfig import DEFAULT_ENVIRONMENT, read_samconfig
from kinesis_cli.project.template.file import TemplateFile
from kinesis_cli.project.template.template import Template
from kinesis_cli.project.template.values import pseudo_parameters

_NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
_ACTIONS = ("DescribeStacks", "DescribeStackResources", "ListStackResources")
_FUNCTIONS = ("AWS::Serverless::Function", "AWS::Lambda::Function")

Xml = str


class StackApi:
    """Answers as the one stack of the project.

    Args:
        service: the functions.
        template: the project's; None: there is no stack.
        created: when the stack was made.
    """

    def __init__(
        self, service: FunctionService, template: TemplateFile | None, created: datetime
    ) -> None:
        self._service, self._path = service, template
        self._created = created

    def is_meant(self, signer: Signer, body: bytes) -> bool:
        """Whether a request asks for a stack."""
        is_ours = signer.service == "cloudformation" and self._path is not None
        return is_ours and _form(body).get("Action") in _ACTIONS

    def handle(self, request: Request, signer: Signer) -> Response:
        """Answer a request."""
        form, place = _form(request.body), self._service.place
        name = form.get("StackName", "")
        is_home = (signer.account, signer.region) == (place.account, place.region)
        if not is_home or name not in ("", *self._names(), self._stack_id()):
            return _not_found(name) if name or is_home else _answer("DescribeStacks", "<Stacks/>")
        action = form["Action"]
        assert self._path is not None
        template = Template.read(self._path)
        if action == "DescribeStacks":
            stack = self._stack(template, form)
            return _answer(action, f"<Stacks><member>{stack}</member></Stacks>")
        described = action == "DescribeStackResources"
        member = "StackResources" if described else "StackResourceSummaries"
        resources = "".join(self._resources(template, form))
        return _answer(action, f"<{member}>{resources}</{member}>")

    def _names(self) -> list[str]:
        """What the stack is called: as samconfig has it, and as the template's values do."""
        assert self._path is not None
        names = [str(pseudo_parameters()["AWS::StackName"])]
        try:
            config = read_samconfig(self._path.path.parent, DEFAULT_ENVIRONMENT, must_exist=False)
        except InputError:
            config = None
        return [config.values["stack"], *names] if config else names

    def _stack_id(self) -> str:
        place, name = self._service.place, self._names()[0]
        return f"arn:aws:cloudformation:{place.region}:{place.account}:stack/{name}/kcli"

    def _stack(self, template: Template, form: Mapping[str, str]) -> Xml:
        outputs = "".join(f"<member>{_members(each)}</member>" for each in self._outputs(template))
        members = {
            "StackId": self._stack_id(),
            "StackName": self._name(form),
            "CreationTime": _time(self._created),
            "StackStatus": "CREATE_COMPLETE",
        }
        return f"{_members(members)}<Outputs>{outputs}</Outputs>"

    def _name(self, form: Mapping[str, str]) -> str:
        asked = form.get("StackName", "")
        return asked if asked in self._names() else self._names()[0]

    def _outputs(self, template: Template) -> Iterator[dict[str, str]]:
        for key, output in template.section("Outputs").items():
            value = template.resolve(output.get("Value")) if isinstance(output, Mapping) else None
            if isinstance(value, str):  # what only AWS knows is left out
                yield {"OutputKey": key, "OutputValue": self._service.place.localised(value)}

    def _resources(self, template: Template, form: Mapping[str, str]) -> Iterator[Xml]:
        wanted = form.get("LogicalResourceId", "")
        for logical_id, resource in template.section("Resources").items():
            type_ = str(resource.get("Type")) if isinstance(resource, Mapping) else ""
            there = template.resources(type_)
            if logical_id not in there or wanted not in ("", logical_id):
                continue
            physical = self._service.place.localised(template.resolve({"Ref": logical_id}))
            members = {
                "StackName": self._name(form),
                "StackId": self._stack_id(),
                "LogicalResourceId": logical_id,
                "PhysicalResourceId": str(physical),
                # as CloudFormation has it after SAM's transform
                "ResourceType": "AWS::Lambda::Function" if type_ in _FUNCTIONS else type_,
                "Timestamp": _time(self._created),
                "LastUpdatedTimestamp": _time(self._created),
                "ResourceStatus": "CREATE_COMPLETE",
            }
            yield f"<member>{_members(members)}</member>"


def _answer(action: str, result: Xml) -> Response:
    body = (
        f'<{action}Response xmlns="{_NAMESPACE}"><{action}Result>{result}</{action}Result>'
        f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>"
        f"</{action}Response>"
    )
    return Response(200, "text/xml", body.encode(), note=action)


def _not_found(name: str) -> Response:
    error = {
        "Type": "Sender",
        "Code": "ValidationError",
        "Message": f"Stack with id {name} does not exist",
    }
    body = (
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error>{_members(error)}</Error>'
        f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    )
    return Response(400, "text/xml", body.encode(), note="ValidationError")


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _members(members: Mapping[str, str]) -> Xml:
    return "".join(
        f"<{name}>{escape(value, quote=False)}</{name}>" for name, value in members.items()
    )


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"
