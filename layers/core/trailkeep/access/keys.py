"""Keys from Secrets Manager: read once a function's life, never logged, never in the environment."""

from functools import lru_cache

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from trailkeep.errors import StorageUnavailable
from trailkeep.settings import required


@lru_cache(maxsize=4)
def secret_key(setting: str) -> bytes:
    """The bytes of the secret that the environment variable ``setting`` names."""
    name = required(setting)
    try:
        answer = boto3.client("secretsmanager").get_secret_value(SecretId=name)
    except (ClientError, BotoCoreError) as error:
        raise StorageUnavailable(f"the secret behind {setting} cannot be read: {type(error).__name__}") from error
    value: str = answer["SecretString"]
    return value.encode()
