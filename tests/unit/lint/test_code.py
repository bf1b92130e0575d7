"""Whether a handler reports batch item failures: said only where it is sure."""

from pathlib import Path
from textwrap import dedent

import pytest

from kinesis_cli.lint.facts import Reports
from kinesis_cli.lint.reading.other_code import judge_text
from kinesis_cli.lint.reading.python_code import judge

YES, NEVER, MENTIONED, UNKNOWN = Reports.YES, Reports.NEVER, Reports.MENTIONED, Reports.UNKNOWN


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text))


def python(folder: Path, code: str, handler: str = "app.handler", **files: str) -> Reports | None:
    write(folder, {"app.py": code, **{f"{name}.py": text for name, text in files.items()}})
    judged = judge(folder, handler)
    return judged.reports if judged else None


@pytest.mark.parametrize(
    ("body", "reports"),
    [
        ('return {"batchItemFailures": []}', YES),
        ('return {"batchItemFailures": failures(event)}', YES),
        ("return {KEY: []}", YES),
        ("return dict(batchItemFailures=[])", YES),
        ('response = {"batchItemFailures": []}\n    return response', YES),
        ('response = {}\n    response["batchItemFailures"] = []\n    return response', YES),
        ('if event:\n        return {"batchItemFailures": []}\n    return None', YES),
        ("return report(event)", YES),
        ("return await_report() or None", YES),
        ("return process_partial_response(event=event)", YES),
        ("return processor.response()", YES),
        ("return {**report(event)}", MENTIONED),
        ("return json.loads(text(event))", UNKNOWN),
        ("return other(event)", UNKNOWN),
        ("return other(KEY, event)", MENTIONED),
        ("response = {}\n    fill(response)\n    return response", UNKNOWN),
        ("for response in event:\n        pass\n    return response", UNKNOWN),
        ("yield {}", UNKNOWN),
        ("print(event)", NEVER),
        ("return", NEVER),
        ('return "OK"', NEVER),
        ('return f"{len(event)} records"', NEVER),
        ('return {"statusCode": 200, "body": json.dumps({"batchItemFailures": []})}', NEVER),
        ('raise ValueError("batchItemFailures")', NEVER),
        ("response = {}\n    logger.info(response)\n    return response", NEVER),
        ("return [] if event else None", NEVER),
        ("def inner():\n        return {KEY: 1}\n    return 1", NEVER),
    ],
)
def test_the_returns_of_a_python_handler_are_followed(
    body: str, reports: Reports, tmp_path: Path
) -> None:
    code = f"""\
import json
from powertools import process_partial_response

KEY = "batchItemFailures"


def report(event):
    return {{KEY: []}}


def await_report():
    return report(None)


def handler(event, context):
    {body}
"""
    assert python(tmp_path, code) is reports


def test_what_another_handler_of_the_module_does_says_nothing(tmp_path: Path) -> None:
    other = 'def sqs_handler(event, context):\n    return {"batchItemFailures": []}\n'
    own = "def handler(event, context):\n    return process(event)\n"
    assert python(tmp_path, own + other) is UNKNOWN
    assert python(tmp_path, "handler = wrap(process)\n" + other) is UNKNOWN
    alone = "handler = wrap(process)\ndef process():\n    return {'batchItemFailures': []}\n"
    assert python(tmp_path, alone) is MENTIONED


def test_a_word_in_a_comment_or_docstring_is_no_report(tmp_path: Path) -> None:
    code = """\
        \"\"\"Returns batchItemFailures one day.\"\"\"
        # batchItemFailures
        handler = make_handler()
    """
    assert python(tmp_path, code) is UNKNOWN


@pytest.mark.parametrize(
    ("decorators", "reports"),
    [
        ("@logger.inject_lambda_context(log_event=True)\n@tracer.capture_lambda_handler", NEVER),
        ("@event_source(data_class=KinesisStreamEvent)", NEVER),
        ("@batch_processor(record_handler=one, processor=processor)", NEVER),
        ("@my_own_wrapper", UNKNOWN),
        ("@app.handle", UNKNOWN),
    ],
)
def test_a_decorator_that_nobody_knows_may_change_what_is_returned(
    decorators: str, reports: Reports, tmp_path: Path
) -> None:
    assert python(tmp_path, f"{decorators}\ndef handler(event, context):\n    pass\n") is reports


def test_functions_of_other_modules_of_the_project_are_followed(tmp_path: Path) -> None:
    code = """\
        from lib.answers import answer as reply
        def handler(event, context):
            return reply(event)
    """
    write(tmp_path, {"lib/__init__.py": "", "lib/answers.py": """\
        def answer(event):
            return {"batchItemFailures": []}
    """})  # fmt: skip
    assert python(tmp_path, code) is YES
    write(tmp_path, {"lib/answers.py": "def answer(event):\n    return {'ok': True}\n"})
    assert python(tmp_path, code) is NEVER


def test_a_handler_that_is_imported_is_followed(tmp_path: Path) -> None:
    write(tmp_path, {"lib.py": "def run(event, context):\n    return {'batchItemFailures': []}\n"})
    assert python(tmp_path, "from lib import run as handler\n") is YES


def test_functions_that_call_each_other_end(tmp_path: Path) -> None:
    code = """\
        def handler(event, context):
            return even(event)
        def even(event):
            return odd(event)
        def odd(event):
            return even(event)
    """
    assert python(tmp_path, code) is UNKNOWN


@pytest.mark.parametrize(
    "code", ["def handler(:", "\0", "x = '\\d'\n" * 3, "(" * 5000 + ")" * 5000, "def f(): pass"]
)
def test_code_that_cannot_be_judged_is_not_judged(code: str, tmp_path: Path) -> None:
    assert python(tmp_path, code) in (None, UNKNOWN)


def test_an_expression_of_thousands_of_terms_is_not_judged(tmp_path: Path) -> None:
    code = "def handler(event, context):\n    return f(" + " + ".join(["1"] * 3000) + ")\n"
    assert python(tmp_path, code) in (None, UNKNOWN)


def test_a_handler_that_is_not_there_is_not_judged(tmp_path: Path) -> None:
    for handler in ("app.handler", "", "app", "a/../../etc/passwd.x", "\0.x", "a" * 5000 + ".x"):
        assert judge(tmp_path, handler) is None


JAVASCRIPT = [
    ("exports.handler = async () => ({ batchItemFailures: [] });", MENTIONED),
    ("exports.handler = async () => { /* batchItemFailures */ return 'x'; };", NEVER),
    ("// batchItemFailures\nexports.handler = async () => {};", NEVER),
    (
        "const url = 'https://x'; exports.handler = async () => ({ batchItemFailures: [] });",
        MENTIONED,
    ),
    (
        "exports.jobs = async () => ({ batchItemFailures: [] });\nexports.handler = async () => {};",
        UNKNOWN,
    ),
    (
        "exports.handler = async () => {};\nexports.jobs = async () => ({ batchItemFailures: [] });",
        UNKNOWN,
    ),
    (
        "exports.jobs = async () => {};\nexports.handler = async () => ({ batchItemFailures: [] });",
        MENTIONED,
    ),
    ("const middy = require('@middy/core'); exports.handler = middy(async () => {});", UNKNOWN),
    ("const { S3 } = require('@aws-sdk/client-s3'); exports.handler = async () => {};", NEVER),
    ("const x = require('./gone'); exports.handler = async () => {};", UNKNOWN),
    ("const { report } = require('./lib'); exports.handler = report;", MENTIONED),
]


@pytest.mark.parametrize(("code", "reports"), JAVASCRIPT)
def test_words_of_a_javascript_handler_tell(code: str, reports: Reports, tmp_path: Path) -> None:
    write(
        tmp_path, {"app.js": code, "lib/index.ts": "export const report = { batchItemFailures: 1 }"}
    )
    judged = judge_text(tmp_path, "app.handler", "nodejs22.x", [])
    assert judged is not None
    assert judged.reports is reports


@pytest.mark.parametrize(
    ("runtime", "handler", "file", "text", "reports"),
    [
        ("java21", "a.b.App::run", "src/main/java/a/b/App.java", "StreamsEventResponse r;", MENTIONED),
        ("java21", "a.b.App", "src/main/kotlin/App.kt", "fun run(): String = \"\"", UNKNOWN),
        ("dotnet8", "Assembly::Space.App::Run", "src/App.cs", "new StreamsEventResponse()", MENTIONED),
        ("provided.al2023", "bootstrap", "main.go", "events.KinesisEventResponse{}", MENTIONED),
        ("provided.al2023", "bootstrap", "main_test.go", "events.KinesisEventResponse{}", None),
        ("provided.al2023", "bootstrap", "src/main.rs", "KinesisEventResponse::default()", MENTIONED),
        ("ruby3.3", "app.handler", "app.rb", "{ batchItemFailures: [] }", MENTIONED),
        ("ruby3.3", "app.handler", "app.rb", "# { batchItemFailures: [] }", UNKNOWN),
        ("java21", "a.b.App::run", "src/main/java/a/b/Other.java", "StreamsEventResponse r;", None),
    ],
)  # fmt: skip
def test_words_of_other_languages_tell(
    runtime: str, handler: str, file: str, text: str, reports: Reports | None, tmp_path: Path
) -> None:
    write(tmp_path, {file: text})
    judged = judge_text(tmp_path, handler, runtime, [])
    assert (judged.reports if judged else None) is reports
