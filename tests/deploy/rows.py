"""The table of functions, infra/stack/functions.yaml, for tests that call each function.

Tests that check the rows do not read it. They have their own expectations.
"""

from __future__ import annotations

from typing import Any

import yaml
from translate import TEMPLATE

ROWS: dict[str, dict[str, Any]] = yaml.safe_load((TEMPLATE.parent / "infra" / "stack" / "functions.yaml").read_text())


def routes() -> dict[str, str]:
    """The HTTP API's routes, such as `GET /chats`, each with its function."""
    return {route: name for name, row in ROWS.items() for route in row.get("routes", {}).values()}


def actions() -> dict[str, str]:
    """The WebSocket API's route keys, each with its function."""
    return {key: name for name, row in ROWS.items() for key in row.get("actions", [])}
