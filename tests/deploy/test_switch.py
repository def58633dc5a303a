"""The generated template against the one that was written by hand: SAM's translations are equal, resource by resource.

    python -m unittest discover -s tests/deploy -p test_switch.py

Order means nothing in an alarm's metrics and in a graph of the dashboard, so both are compared as sets.
"""

from __future__ import annotations

import json
import unittest
from pathlib import Path
from typing import Any
from unittest.mock import patch

import translate
from test_template import dashboard, watched

BY_HAND = Path(__file__).with_name("template_by_hand.yaml")


def comparable(template: dict[str, Any]) -> dict[str, Any]:
    """The template with what is a set in the place of what is a list of no order."""
    shown = sorted((namespace, name, sorted(dimensions.items())) for namespace, name, dimensions in dashboard(template))
    body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]
    widgets = json.loads(body["Fn::Sub"])["widgets"]
    for widget in widgets:
        widget["properties"]["metrics"] = len(widget["properties"]["metrics"])
    template["Resources"]["Dashboard"]["Properties"]["DashboardBody"] = [widgets, shown]
    for resource in template["Resources"].values():
        metrics = resource["Properties"].get("Metrics", []) if resource["Type"] == "AWS::CloudWatch::Alarm" else []
        if metrics and metrics[1]["Id"] == "m1":
            names = sorted(json.dumps(metric["Dimensions"]) for metric in watched(resource))
            resource["Properties"]["Metrics"] = [metrics[0], *names]
    return template


class Switch(unittest.TestCase):
    def test_nothing_of_the_stack_changed(self) -> None:
        generated = comparable(translate.translate())
        with patch.object(translate, "TEMPLATE", BY_HAND):
            by_hand = comparable(translate.translate())
        self.assertEqual(set(generated["Resources"]), set(by_hand["Resources"]))
        self.assertEqual(len(by_hand["Resources"]), 191)
        for name, resource in by_hand["Resources"].items():
            with self.subTest(name):
                self.assertEqual(generated["Resources"][name], resource)
        for section in by_hand.keys() - {"Resources"}:
            with self.subTest(section):
                self.assertEqual(generated[section], by_hand[section])


if __name__ == "__main__":
    unittest.main()
