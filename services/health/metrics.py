"""What health counts beside the chassis' own metrics."""

from prometheus_client import Counter, Gauge, Histogram

POLLS = Counter("flowllama_instance_polls_total", "Polls of instances", ["outcome"])
POLL_LAG_SECONDS = Histogram(
    "flowllama_instance_poll_lag_seconds",
    "How late a poll began after it was due",
    buckets=(0.5, 1, 2, 5, 10, 30, 60),
)
WATCHED = Gauge("flowllama_instances_watched", "Instances this process polls")
CLOUD_ASKS = Counter("flowllama_cloud_asks_total", "Questions to a cloud about silent instances", ["outcome"])
WEBHOOKS = Counter("flowllama_webhooks_total", "Attempts to deliver a webhook", ["outcome"])
