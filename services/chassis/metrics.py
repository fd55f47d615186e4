"""What every process counts, in Prometheus' terms. Names carry their unit."""

from prometheus_client import Counter, Gauge, Histogram

HTTP_REQUESTS = Counter("flowllama_http_requests_total", "HTTP requests", ["route", "method", "status"])
HTTP_SECONDS = Histogram("flowllama_http_request_seconds", "Time to answer an HTTP request", ["route"])
MESSAGES = Counter("flowllama_messages_total", "Messages handled", ["queue", "type", "outcome"])
MESSAGE_SECONDS = Histogram(
    "flowllama_message_seconds",
    "Time in a handler",
    ["type"],
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300, 1800),
)
EVENTS_PUBLISHED = Counter("flowllama_events_published_total", "Events the relay published", ["type"])
EVENTS_RESENT = Counter("flowllama_events_resent_total", "Lost messages sent again", ["queue"])
OUTBOX_SECONDS = Histogram("flowllama_outbox_seconds", "From commit to publication")
QUEUE_DEPTH = Gauge("flowllama_queue_depth", "Messages a queue holds", ["queue", "state"])
