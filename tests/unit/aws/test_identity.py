"""Whose account the shell's credentials are, without asking AWS."""

from pathlib import Path

import pytest

from kinesis_cli.aws.identity import account_of_key, shell_identity

KEY = "ASIAQNZGKIQY56JQ7WML"  # of the article that the rule comes from
FILES = """
[default]
aws_access_key_id = {key}
[dev]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_account_id = 111122223333
"""
CONFIG = """
[default]
region = eu-west-1
[profile sso]
sso_session = main
sso_account_id = 444455556666
[profile assumed]
role_arn = arn:aws:iam::777788889999:role/reader
source_profile = default
[profile only-a-region]
region = eu-west-1
"""


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "credentials").write_text(FILES.format(key=KEY))
    (tmp_path / "config").write_text(CONFIG)
    return {
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
    }


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, "profile default, account 029608264753"),
        ({"AWS_PROFILE": "dev"}, "profile dev, account 111122223333"),
        ({"AWS_PROFILE": "sso"}, "profile sso, account 444455556666"),
        ({"AWS_DEFAULT_PROFILE": "assumed"}, "profile assumed, account 777788889999"),
        ({"AWS_ACCESS_KEY_ID": KEY}, "AWS_ACCESS_KEY_ID, account 029608264753"),
        ({"AWS_ACCESS_KEY_ID": "testing"}, "AWS_ACCESS_KEY_ID, an unknown account"),
    ],
)
def test_the_shells_identity_is_named(
    variables: dict[str, str], said: dict[str, str], expected: str
) -> None:
    assert str(shell_identity({**variables, **said})) == expected


@pytest.mark.parametrize("profile", ["only-a-region", "nowhere"])
def test_a_profile_without_credentials_is_nobody(variables: dict[str, str], profile: str) -> None:
    assert shell_identity({**variables, "AWS_PROFILE": profile}) is None


def test_files_that_are_broken_or_not_there_are_nobody(tmp_path: Path) -> None:
    (tmp_path / "broken").write_text("no section\n= ")
    for name in ("broken", "nowhere"):
        file = str(tmp_path / name)
        variables = {"AWS_SHARED_CREDENTIALS_FILE": file, "AWS_CONFIG_FILE": file}
        assert shell_identity(variables) is None


@pytest.mark.parametrize(
    "key", ["", "testing", "AKIA", "AKIA!!!!!!!!!!!!!!!!", "AIDAQNZGKIQY56JQ7WML"]
)
def test_other_keys_hold_no_account(key: str) -> None:
    assert account_of_key(key) == ""
