"""Deploys template.yaml to MiniStack on loopback, and runs a command against it.

    cargo build --bins
    python tests/deploy/deploy.py --binaries target/debug --parameter AuthJwksUrl=http://127.0.0.1:8081/jwks -- COMMAND

COMMAND gets the addresses of the APIs in LAMBDA_CHAT_HTTP_URL and LAMBDA_CHAT_WS_URL. This program exits with its exit
code. Without COMMAND, the stack runs until Ctrl-C. Exit code 70 means that the deployment failed.

The functions run as they do on AWS: each executable zipped as `bootstrap`, speaking the Lambda Runtime API, and with
the permissions of its own role alone, which MiniStack enforces (AUTH=true).
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from adapt import HTTP_API_ID, WEBSOCKET_API_ID, adapt
from translate import CODE_BUCKET, REGION, Template, binary_of, code_key, of_type, translate

HOST = "127.0.0.1"
STACK = "lambda-chat"
STAGE = "live"
START_SECONDS = 60
DEPLOY_SECONDS = 180
DEPLOYMENT_FAILED = 70


class DeploymentError(Exception):
    """MiniStack did not start, or did not create the stack."""


def refused(call: Callable[..., Any], **arguments: Any) -> Any:
    """Calls AWS. Raises a DeploymentError with the reason if AWS refuses the call."""
    try:
        return call(**arguments)
    except ClientError as error:
        raise DeploymentError(error.response["Error"].get("Message", str(error))) from error


@dataclass(frozen=True)
class MiniStack:
    """A running MiniStack."""

    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def connections_url(self) -> str:
        """The URL with the API's id in the path. The form ID.execute-api.localhost does not resolve everywhere."""
        return f"{self.url}/_aws/execute-api/{WEBSOCKET_API_ID}/{STAGE}"

    def client(self, service: str) -> Any:
        """A client with MiniStack's root credentials. It does not retry, because errors here are permanent."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}),
        )

    def recent_logs(self, lines: int = 40) -> str:
        """The last lines of MiniStack's log and of every function's log."""
        parts = ["--- MiniStack", *self.log.read_text(errors="replace").splitlines()[-lines:]]
        try:
            logs = self.client("logs")
            for group in logs.describe_log_groups()["logGroups"]:
                events = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
                if events:
                    parts += [f"--- {group['logGroupName']}", *(event["message"].rstrip() for event in events[-lines:])]
        except (BotoCoreError, ClientError) as error:
            parts.append(f"--- no function logs: {error}")
        return "\n".join(parts)


@dataclass(frozen=True)
class Deployed:
    """A running stack."""

    ministack: MiniStack
    http_url: str
    websocket_url: str
    adaptations: list[str]
    # logical id -> physical id
    resources: dict[str, str]
    # parameter -> URL of a queue that gets the messages of its topic
    queues: dict[str, str]


def free_port() -> int:
    """A port that was free a moment ago. MiniStack fails with an error if it is in use."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def environment(port: int, scratch: Path) -> dict[str, str]:
    """MiniStack's whole environment. Functions inherit it, so it has none of the caller's variables (profiles,
    credentials, log filters)."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        # The endpoint of every AWS service for functions.
        "AWS_ENDPOINT_URL": f"http://{HOST}:{port}",
        # MiniStack authorizes requests by the policies of the role.
        "AUTH": "true",
        # These services would listen on other ports, and look for containers to remove.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{scratch}/no-docker.sock",
        "PYTHONUNBUFFERED": "1",
    }


@contextmanager
def ministack() -> Iterator[MiniStack]:
    """MiniStack on loopback. It is stopped with all its functions at the end of the block, also after an error."""
    with tempfile.TemporaryDirectory(prefix="lambda-chat-deploy-") as name:
        scratch = Path(name)
        running = MiniStack(free_port(), scratch / "ministack.log")
        with running.log.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "ministack"],
                env=environment(running.port, scratch),
                cwd=scratch,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that its functions can be ended with it
            )
        try:
            wait_until_ready(process, running)
            yield running
        except BaseException as error:
            if not isinstance(error, KeyboardInterrupt | SystemExit):
                print(running.recent_logs(), file=sys.stderr)
            raise
        finally:
            end(process)


def wait_until_ready(process: subprocess.Popen[bytes], running: MiniStack) -> None:
    """Waits until MiniStack answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DeploymentError(f"MiniStack exited with {process.returncode}: see its log above")
        try:
            with urllib.request.urlopen(f"{running.url}/_ministack/health", timeout=2) as answer:
                if json.load(answer)["auth"] != "enabled":
                    raise DeploymentError("MiniStack does not enforce policies: use the version in requirements.txt")
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise DeploymentError(f"MiniStack did not answer within {START_SECONDS} s")


def end(process: subprocess.Popen[bytes]) -> None:
    """Stops MiniStack, then the rest of its session: functions keep running if MiniStack is killed."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def zipped(executable: Path) -> bytes:
    """A function's zip: the executable with the name `bootstrap`, which provided.al2023 starts. It is not compressed,
    because it stays on this machine, and 25 of them are a gigabyte."""
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o100755 << 16
    entry.compress_type = zipfile.ZIP_STORED
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(entry, executable.read_bytes())
    return packed.getvalue()


def upload(running: MiniStack, template: Template, binaries: Path) -> None:
    """Uploads every function's zip to its place in the template."""
    names = sorted({binary_of(function) for function in of_type(template, "AWS::Lambda::Function").values()})
    missing = [name for name in names if not os.access(binaries / name, os.X_OK)]
    if missing:
        raise DeploymentError(f"no executables in {binaries} (cargo build --bins makes them): {', '.join(missing)}")
    s3 = running.client("s3")
    s3.create_bucket(Bucket=CODE_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for name in names:
        s3.put_object(Bucket=CODE_BUCKET, Key=code_key(name), Body=zipped(binaries / name))


def create_stack(running: MiniStack, template: Template, parameters: dict[str, str]) -> dict[str, str]:
    """Creates the stack and waits for it. Returns the physical id of every resource."""
    cloudformation = running.client("cloudformation")
    # From a bucket, as `sam deploy` does: the translation is larger than 51,200 bytes, the limit of a request.
    running.client("s3").put_object(Bucket=CODE_BUCKET, Key="template.json", Body=json.dumps(template).encode())
    refused(
        cloudformation.create_stack,
        StackName=STACK,
        TemplateURL=f"{running.url}/{CODE_BUCKET}/template.json",
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    deadline = time.monotonic() + DEPLOY_SECONDS
    while time.monotonic() < deadline:
        status = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]
        if status == "CREATE_COMPLETE":
            pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK)
            found = [each for page in pages for each in page["StackResourceSummaries"]]
            return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}
        if not status.endswith("_IN_PROGRESS") or "ROLLBACK" in status:
            raise DeploymentError(f"{status}:\n{failures(cloudformation)}")
        time.sleep(0.2)
    raise DeploymentError(f"the stack is not complete after {DEPLOY_SECONDS} s")


def failures(cloudformation: Any) -> str:
    """Why resources failed, in the order of time."""
    events = reversed(cloudformation.describe_stack_events(StackName=STACK)["StackEvents"])
    return "\n".join(
        f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        for event in events
        if event["ResourceStatus"].endswith("_FAILED")
    )


def create_secret(running: MiniStack, name: str, file: Path) -> str:
    """Creates a secret with the file's text. Returns its ARN."""
    secret = running.client("secretsmanager").create_secret(Name=name, SecretString=file.read_text().strip())
    return str(secret["ARN"])


def create_topic(running: MiniStack, name: str) -> tuple[str, str]:
    """Creates a topic and a queue that gets its messages. Returns the topic's ARN and the queue's URL."""
    arn = str(running.client("sns").create_topic(Name=name)["TopicArn"])
    sqs = running.client("sqs")
    queue = str(sqs.create_queue(QueueName=name)["QueueUrl"])
    endpoint = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": endpoint,
                "Condition": {"ArnEquals": {"aws:SourceArn": arn}},
            }
        ],
    }
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    running.client("sns").subscribe(TopicArn=arn, Protocol="sqs", Endpoint=endpoint)
    return arn, queue


def processor() -> str:
    """This machine's processor, with Lambda's name for it."""
    return {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine().lower()]


@contextmanager
def deployment(
    binaries: Path,
    parameters: dict[str, str],
    secrets: Mapping[str, Path] | None = None,
    topics: Sequence[str] = (),
) -> Iterator[Deployed]:
    """The stack, deployed with the executables in a directory; gone when the block is left. `secrets` are files by the
    parameter that is to be the ARN of a secret with the file's text; `topics` are the parameters that are to be ARNs of
    topics."""
    with ministack() as running:
        values = {
            "Architecture": processor(),
            "StageName": STAGE,
            "ConnectionsEndpoint": running.connections_url,
            "ProtectData": "false",
        }
        for name, file in (secrets or {}).items():
            values[name] = create_secret(running, name, file)
        queues = {}
        for name in topics:
            values[name], queues[name] = create_topic(running, name)
        values |= parameters
        template = translate(values)
        adaptations = adapt(template)
        upload(running, template, binaries)
        resources = create_stack(running, template, values)
        websocket_url = running.connections_url.replace("http:", "ws:", 1)
        yield Deployed(
            running,
            http_url=f"{running.url}/_aws/execute-api/{HTTP_API_ID}",
            websocket_url=websocket_url,
            adaptations=adaptations,
            resources=resources,
            queues=queues,
        )


def run(command: Sequence[str], deployed: Deployed, timeout: float) -> int:
    """Runs the command against the stack. Returns its exit code, or 124 after the timeout."""
    urls = {"LAMBDA_CHAT_HTTP_URL": deployed.http_url, "LAMBDA_CHAT_WS_URL": deployed.websocket_url}
    with subprocess.Popen(command, env=os.environ | urls) as process:
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            print(f"stopped the command after {timeout:.0f} s (set --timeout)", file=sys.stderr)
            code = 124
        finally:
            process.kill()
    if code != 0:
        print(deployed.ministack.recent_logs(), file=sys.stderr)
    return code


def parameter(text: str) -> tuple[str, str]:
    """Parses NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"use NAME=VALUE instead of {text!r}")
    return name, value


def exit_on_signal(number: int, _frame: FrameType | None) -> None:
    """Turns a SIGTERM into an exit, so that MiniStack is stopped, too."""
    raise SystemExit(128 + number)


def main(arguments: Sequence[str]) -> int:
    """Runs the command line. Returns the exit code."""
    own, separator, command = list(arguments), "--" in arguments, []
    if separator:
        split = own.index("--")
        own, command = own[:split], own[split + 1 :]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", type=Path, required=True, help="directory with one executable per function")
    parser.add_argument("--parameter", type=parameter, action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument(
        "--secret",
        type=parameter,
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="sets a parameter to the ARN of a secret with the file's text",
    )
    parser.add_argument("--timeout", type=float, default=600, help="timeout of the command in seconds (600)")
    options = parser.parse_args(own)

    signal.signal(signal.SIGTERM, exit_on_signal)
    try:
        secrets = {name: Path(file) for name, file in options.secret}
        with deployment(options.binaries, dict(options.parameter), secrets) as deployed:
            for line in deployed.adaptations:
                print(f"adapted:   {line}")
            print(f"deployed:  {len(deployed.resources)} resources as {STACK}")
            print(f"HTTP:      {deployed.http_url}\nWebSocket: {deployed.websocket_url}", flush=True)
            if command:
                return run(command, deployed, options.timeout)
            print("Press Ctrl-C to stop.", flush=True)
            signal.pause()
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return DEPLOYMENT_FAILED
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
