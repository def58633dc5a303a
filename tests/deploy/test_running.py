"""The real functions, deployed with a bucket and a topic: attachments, and notifications of offline users.

    cargo build --bins
    LAMBDA_CHAT_BINARIES=target/debug LAMBDA_CHAT_AUTH_URL=http://127.0.0.1:3002 \\
        python -m unittest discover -s tests/deploy -p test_running.py

The Auth Service is the stand-in, `cargo run -- auth`.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import unittest
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from deploy import Deployed, deployment

AUTH = os.environ["LAMBDA_CHAT_AUTH_URL"]
BINARIES = Path(os.environ["LAMBDA_CHAT_BINARIES"])
SECONDS = 20
TOPIC = "NotificationsTopicArn"
MINUTES = b"%PDF-1.7 not much of a document"


def ask(
    method: str, url: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers in lower case, and body."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        answer = urllib.request.urlopen(request, timeout=SECONDS)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()


class User:
    """A user with a token."""

    def __init__(self, deployed: Deployed, name: str) -> None:
        self.id, self.base = name, deployed.http_url
        _, _, answer = ask("POST", f"{AUTH}/token", {"Content-Type": "application/json"}, json.dumps({"userId": name}).encode())
        self.headers = {"Authorization": f"Bearer {json.loads(answer)['token']}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Sends a request, which must be answered with 200 or 201. Returns the body."""
        status, _, answer = ask(method, self.base + path, self.headers, None if body is None else json.dumps(body).encode())
        assert status in {200, 201}, f"{method} {path}: {status} {answer!r}"
        return json.loads(answer)

    def chat(self, *others: User) -> str:
        """Creates a chat with others. Returns its id."""
        body: dict[str, Any] = {"participants": [other.id for other in others], "isGroup": len(others) > 1}
        if len(others) > 1:
            body["name"] = "A group"
        return str(self.call("POST", "/chats", body)["chat"]["chatId"])


class Running(unittest.TestCase):
    stack: ExitStack
    deployed: Deployed

    @classmethod
    def setUpClass(cls) -> None:
        cls.stack = ExitStack()
        cls.addClassCleanup(cls.stack.close)
        parameters = {"AuthJwksUrl": f"{AUTH}/.well-known/jwks.json"}
        cls.deployed = cls.stack.enter_context(deployment(BINARIES, parameters, topics=[TOPIC]))

    def published(self, count: int) -> dict[str, Any]:
        """Waits for exactly `count` notifications. Returns them by user."""
        sqs, queue = self.deployed.ministack.client("sqs"), self.deployed.queues[TOPIC]
        found: list[Any] = []
        deadline = time.monotonic() + SECONDS
        while len(found) < count and time.monotonic() < deadline:
            for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        found += sqs.receive_message(QueueUrl=queue).get("Messages", [])
        self.assertEqual(len(found), count)
        return {each["MessageAttributes"]["userId"]["Value"]: each for each in found}

    def test_attachment_for_an_offline_user_is_notified_downloaded_and_removed(self) -> None:
        alice, bob = User(self.deployed, "alice"), User(self.deployed, "bob")
        chat = alice.chat(bob)
        announced = alice.call(
            "POST",
            "/attachments",
            {
                "chatId": chat,
                "type": "file",
                "fileName": "minutes.pdf",
                "contentType": "application/pdf",
                "sizeBytes": len(MINUTES),
                "sha256": hashlib.sha256(MINUTES).hexdigest(),
            },
        )
        key = announced["attachment"]["attachmentId"]
        upload = announced["upload"]
        status, _, said = ask("PUT", upload["url"], upload["headers"], MINUTES)
        self.assertEqual(status, 200, said)
        s3, bucket = self.deployed.ministack.client("s3"), self.deployed.resources["AttachmentsBucket"]
        tags = s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        self.assertEqual(tags, [{"Key": "state", "Value": "pending"}])

        sent = alice.call("POST", f"/chats/{chat}/messages", {"type": "file", "attachmentId": key})["message"]
        self.assertEqual(sent["attachment"], announced["attachment"])
        self.assertEqual(s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"], [])
        told = self.published(1)["bob"]
        self.assertEqual(told["MessageAttributes"]["chatId"]["Value"], chat)
        self.assertEqual(
            json.loads(told["Message"]),
            {
                "event": "message.created",
                "chatId": chat,
                "seq": 1,
                "senderId": "alice",
                "nickname": "alice",
                "preview": "minutes.pdf",
                "unreadCount": 1,
            },
        )

        opened = bob.call("GET", f"/chats/{chat}/messages/1/attachment")
        status, headers, body = ask("GET", opened["download"]["url"])
        self.assertEqual((status, body), (200, MINUTES))
        self.assertEqual(headers["content-type"], "application/octet-stream")
        self.assertEqual(
            headers["content-disposition"], "attachment; filename=\"minutes.pdf\"; filename*=UTF-8''minutes.pdf"
        )

        alice.call("DELETE", f"/chats/{chat}/messages/1?for=everyone")
        with self.assertRaises(ClientError) as gone:
            s3.head_object(Bucket=bucket, Key=key)
        self.assertEqual(gone.exception.response["Error"]["Code"], "404")

    def test_many_offline_users_are_notified_in_batches(self) -> None:
        carol = User(self.deployed, "carol")
        others = [User(self.deployed, f"away-{number}") for number in range(11)]
        chat = carol.chat(*others)
        carol.call("POST", f"/chats/{chat}/messages", {"type": "text", "content": "Is anybody there?"})
        self.assertEqual(set(self.published(11)), {other.id for other in others})


if __name__ == "__main__":
    unittest.main()
