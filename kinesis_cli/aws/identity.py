"""Whose AWS account the shell's credentials are, read without asking AWS.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
"""

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

_UNKNOWN = "an unknown account"


class AwsIdentity(msgspec.Struct, frozen=True):
    """Who calls AWS."""

    source: str  # "profile dev", "AWS_ACCESS_KEY_ID"
    account: str  # twelve digits; "": not known without asking AWS

    def __str__(self) -> str:
        return f"{self.source}, {f'account {self.account}' if self.account else _UNKNOWN}"


def shell_identity(environment: Mapping[str, str] | None = None) -> AwsIdentity | None:
    """Who AWS's clients in a process with the shell's variables are; None: nobody.

    Args:
        environment: default: this process's.
    """
    environment = os.environ if environment is None else environment
    if key := environment.get("AWS_ACCESS_KEY_ID"):
        account = environment.get("AWS_ACCOUNT_ID") or account_of_key(key)
        return AwsIdentity("AWS_ACCESS_KEY_ID", account)
    name = environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE") or "default"
    if members := _profile(name, environment):
        return AwsIdentity(f"profile {name}", _account(members))
    if environment.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
        return AwsIdentity("AWS_ROLE_ARN", _of_arn(environment.get("AWS_ROLE_ARN", "")))
    if any(name.startswith("AWS_CONTAINER_CREDENTIALS_") for name in environment):
        return AwsIdentity("the container's role", "")
    return None


def account_of_key(key: str) -> str:
    """The account in an access key id; "": it has none.

    UNSURE(key-account): AWS documents no inside of these ids; all that were looked into hold the
    account in these bits. Or may an id hold another one?

    Source: https://medium.com/@TalBeerySec/a-short-note-on-aws-key-id-f88cc4317489
    """
    if not key.startswith(("AKIA", "ASIA")) or len(key) != 20:
        return ""
    try:
        bits = int.from_bytes(base64.b32decode(key[4:])[:6], "big")
    except binascii.Error:
        return ""
    return f"{(bits & 0x7FFF_FFFF_FF80) >> 7:012}"


def _account(members: Mapping[str, str]) -> str:
    for name in ("aws_account_id", "sso_account_id"):
        if account := members.get(name):
            return account
    return _of_arn(members.get("role_arn", "")) or account_of_key(
        members.get("aws_access_key_id", "")
    )


def _of_arn(arn: str) -> str:
    parts = arn.split(":")
    return parts[4] if len(parts) > 4 else ""


def _profile(name: str, environment: Mapping[str, str]) -> dict[str, str]:
    """What the two files say of a profile that has credentials; empty: it has none."""
    files = {
        environment.get("AWS_CONFIG_FILE") or "~/.aws/config": f"profile {name}",
        environment.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials": name,
    }
    members: dict[str, str] = {}
    for file, section in files.items():
        path = Path(file).expanduser()
        if path.is_file():
            members |= _section(path, name if name == "default" else section)
    return members if any(map(_is_credential, members)) else {}


def _is_credential(member: str) -> bool:
    return member.startswith(("sso_", "login_")) or member in (
        "aws_access_key_id",
        "credential_process",
        "role_arn",
        "web_identity_token_file",
    )


def _section(path: Path, name: str) -> dict[str, str]:
    from configparser import Error, RawConfigParser  # where a file is there only

    parser = RawConfigParser(strict=False)
    try:
        parser.read_string(path.read_text("utf-8", "replace"))
    except (OSError, Error):
        return {}  # AWS's own clients say what is wrong with it
    return dict(parser.items(name)) if parser.has_section(name) else {}
