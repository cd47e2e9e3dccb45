"""Unit tests run anywhere, since they talk to nobody."""

from __future__ import annotations

import os
import socket

import pytest


def test_there_is_no_network() -> None:
    with pytest.raises(AssertionError, match="opens a connection"):
        socket.create_connection(("192.0.2.1", 80), timeout=0.01)
    with pytest.raises(AssertionError, match="opens a connection"):
        socket.getaddrinfo("example.com", 443)


def test_credentials_are_nobodys() -> None:
    assert os.environ["AWS_ACCESS_KEY_ID"] == os.environ["AWS_SECRET_ACCESS_KEY"] == "testing"
    assert "AWS_PROFILE" not in os.environ
