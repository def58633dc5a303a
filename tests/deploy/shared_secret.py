"""Prints an HS256 token of a user, like an Auth Service with a shared secret: shared_secret.py SECRET_FILE USER"""

import base64
import hashlib
import hmac
import json
import sys
import time
from pathlib import Path


def encode(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def token(secret: bytes, user: str) -> str:
    """A token that is valid for ten minutes (RFC 7519)."""
    claims = {"sub": user, "exp": int(time.time()) + 600}
    signed = ".".join(encode(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{encode(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


if __name__ == "__main__":
    print(token(Path(sys.argv[1]).read_bytes(), sys.argv[2]))
