"""Logger and metrics, made once for all functions. Neither ever carries events, tokens or request bodies."""

import warnings

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

# A run that has nothing to count is no reason for a warning in the log.
warnings.filterwarnings("ignore", message="No application metrics to publish")

logger = Logger()
metrics = Metrics()

__all__ = ["MetricUnit", "logger", "metrics"]
