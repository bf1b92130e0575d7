"""DynamoDB as far as a function's idempotency needs it: which keys exist.

No table is described here, so which members are its key is learnt: from calls that name a key, from
conditions, else by what keys are usually called.
"""

from __future__ import annotations

import json
import re
from typing import Any

CONDITION_FAILED = "ConditionalCheckFailedException"
_USUAL = ("pk", "sk", "id")
_ABSENT = re.compile(r"attribute_not_exists\s*\(\s*([#\w.-]+)\s*\)", re.IGNORECASE)
_PRESENT = re.compile(r"attribute_exists\s*\(", re.IGNORECASE)


class Tables:
    """The items that were put."""

    def __init__(self) -> None:
        self._keys: dict[str, tuple[str, ...]] = {}  # table → members of its key
        self._items: dict[tuple[str, str], dict[str, Any]] = {}

    def refusal(self, call: dict[str, Any]) -> str | None:
        """The error code of a write whose condition does not hold; None: it holds."""
        parameters = call["parameters"]
        condition = parameters.get("ConditionExpression")
        if not isinstance(condition, str):
            return None
        names = parameters.get("ExpressionAttributeNames") or {}
        absent = [names.get(name, name) for name in _ABSENT.findall(condition)]
        self._learn(parameters, absent)
        exists = self._key(parameters) in self._items
        if (absent and exists) or (not absent and _PRESENT.search(condition) and not exists):
            return CONDITION_FAILED
        return None

    def answer(self, call: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked for, and the members of the answer that depend on it."""
        operation, parameters = call["operation"], call["parameters"]
        if operation in ("GetItem", "UpdateItem", "DeleteItem"):
            self._learn(parameters, [])
        key = self._key(parameters)
        if operation == "PutItem":
            self._items[key] = dict(parameters.get("Item") or {})
        elif operation == "DeleteItem":
            self._items.pop(key, None)
        elif operation == "UpdateItem":
            self._items.setdefault(key, dict(parameters.get("Key") or {}))
        elif operation == "GetItem" and key in self._items:
            return {"Item": self._items[key]}
        return {}

    def _learn(self, parameters: dict[str, Any], named: list[str]) -> None:
        table = str(parameters.get("TableName"))
        if key := parameters.get("Key"):
            self._keys[table] = tuple(sorted(key))
        elif named and table not in self._keys:
            self._keys[table] = tuple(named)

    def _key(self, parameters: dict[str, Any]) -> tuple[str, str]:
        table = str(parameters.get("TableName"))
        item = parameters.get("Key") or parameters.get("Item") or {}
        names = self._keys.get(table) or [each for each in item if each.lower() in _USUAL]
        known = {name: item[name] for name in names if name in item} or item
        return table, json.dumps(known, sort_keys=True)
