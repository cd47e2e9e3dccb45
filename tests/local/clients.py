"""AWS clients that see the emulator and nothing else: no profile, file, proxy or setting of the caller's machine."""

import os
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

# The emulator's root credentials. They open nothing but an emulator that listens on this machine alone.
ACCESS_KEY = "test"
SECRET_KEY = "test"
DIRECT = Config(proxies={})
_IGNORED: dict[str, tuple[None, None, str | None, None]] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


def session(region: str) -> boto3.session.Session:
    """A session with the emulator's credentials."""
    return boto3.session.Session(
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name=region,
        botocore_session=botocore.session.Session(session_vars=_IGNORED),
    )


def client(endpoint: str, region: str, service: str, config: Config | None = None) -> Any:
    """A client of one service of an emulator."""
    return session(region).client(service, endpoint_url=endpoint, config=DIRECT.merge(config) if config else DIRECT)
