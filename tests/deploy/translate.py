"""Translates template.yaml to plain CloudFormation, with the translator that AWS uses.

`python translate.py` prints the translation as JSON.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

Template = dict[str, Any]
Resource = dict[str, Any]

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
CODE_BUCKET = "lambda-chat-code"
REGION = "eu-central-1"

# The translator collects usage metrics for AWS, and warns if there is no collector.
logging.getLogger("samtranslator.metrics").setLevel(logging.ERROR)


def binary_of(function: Resource) -> str:
    """The cargo binary of a function, read like `sam build` does."""
    return str(function["Metadata"]["BuildProperties"]["Binary"])


def code_key(binary: str) -> str:
    """The key of a binary's zip in the bucket of `package`."""
    return f"{binary}.zip"


def package(template: Template) -> Template:
    """Does what `sam package` does: functions refer to zips in a bucket instead of sources."""
    template.get("Globals", {}).get("Function", {}).pop("CodeUri", None)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": CODE_BUCKET, "Key": code_key(binary_of(resource))}
    return template


def translate(parameters: dict[str, str] | None = None) -> Template:
    """The plain CloudFormation of template.yaml. As on AWS, SAM needs the values of the parameters: in some places (CORS)
    it replaces a reference by the value. Elsewhere, parameters stay parameters."""
    template = package(yaml_parse(TEMPLATE.read_text()))
    # The template has no managed policies by name, so it needs no map of them. The session only sets the region.
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION))
    translated: Template = translator.translate(template, parameters or {})
    return translated


def of_type(template: Template, kind: str) -> dict[str, Resource]:
    """The resources of one type, by logical id."""
    return {name: each for name, each in template["Resources"].items() if each["Type"] == kind}


def inline_statements(role: Resource) -> Iterator[dict[str, Any]]:
    """The statements of a role's inline policies, with the conditional ones."""
    for policy in role["Properties"].get("Policies", []):
        policy = policy["Fn::If"][1] if "Fn::If" in policy else policy
        yield from policy["PolicyDocument"]["Statement"]


if __name__ == "__main__":
    json.dump(translate(), sys.stdout, indent=2)
