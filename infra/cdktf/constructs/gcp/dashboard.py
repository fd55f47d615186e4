"""The dashboard's body: alarms on top, then queues, then errors and the model bucket. Tiles are data for Cloud Monitoring."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from infra.cdktf.constructs.gcp.alarm import series

_WIDTH = 48  # Of Google's own grid.
_HEIGHT = 16
_DAY_S = 24 * 3600
_SUBSCRIPTION = "pubsub.googleapis.com/subscription"


def body(
    *,
    title: str,
    queues: Sequence[tuple[str, str]],
    errors: Sequence[str],
    bucket: str,
    alarms: Sequence[str],
) -> str:
    """`queues` are pairs of a queue's subscription and its dead letters', `errors` filters, `alarms` policies' names."""
    names, dead = [name for name, _ in queues], [name for _, name in queues]
    size = series("storage.googleapis.com/storage/v2/total_bytes", "gcs_bucket", bucket_name=bucket)
    rows = [
        [_tile("Alarms", {"incidentList": {"policyNames": list(alarms)}})],
        [
            _graph("Messages that wait", _of_queues("num_undelivered_messages", names)),
            _graph("Oldest message, in seconds", _of_queues("oldest_unacked_message_age", names)),
            _graph("Dead letters", _of_queues("num_undelivered_messages", dead)),
        ],
        [
            _graph("Errors that services log", errors, aligner="ALIGN_DELTA"),
            _graph("Size of the model bucket, in bytes", [size], period_s=_DAY_S),
        ],
    ]
    tiles = [tile for y, row in enumerate(rows) for tile in _placed(row, y)]
    return json.dumps({"displayName": title, "mosaicLayout": {"columns": _WIDTH, "tiles": tiles}})


def _placed(row: list[dict[str, Any]], y: int) -> Iterable[dict[str, Any]]:
    width = _WIDTH // len(row)
    for x, widget in enumerate(row):
        place = {"xPos": x * width, "yPos": y * _HEIGHT}
        # Google gives no zero back, and Terraform would write the dashboard anew at every apply.
        yield {
            **{side: at for side, at in place.items() if at},
            "width": width,
            "height": _HEIGHT,
            "widget": widget,
        }


def _of_queues(metric: str, subscriptions: Iterable[str]) -> list[str]:
    return [
        series(f"{_SUBSCRIPTION}/{metric}", "pubsub_subscription", subscription_id=name)
        for name in subscriptions
    ]


def _graph(
    title: str, filters: Iterable[str], aligner: str = "ALIGN_MAX", period_s: int = 300
) -> dict[str, Any]:
    reducer = "REDUCE_SUM" if aligner == "ALIGN_DELTA" else "REDUCE_MAX"
    sets = [
        {
            "plotType": "LINE",
            "timeSeriesQuery": {
                "timeSeriesFilter": {
                    "filter": found,
                    "aggregation": {
                        "alignmentPeriod": f"{period_s}s",
                        "perSeriesAligner": aligner,
                        "crossSeriesReducer": reducer,
                    },
                }
            },
        }
        for found in filters
    ]
    return _tile(title, {"xyChart": {"dataSets": sets}})


def _tile(title: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, **content}
