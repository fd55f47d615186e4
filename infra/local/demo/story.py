"""The story the demo tells: deploy a model, use it, lose it, delete it, and prove each step from outside."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

from infra.local.demo.client import Body, Client
from infra.local.demo.cloud import remains
from infra.local.demo.receiver import WebhookReceiver

MODEL = "llama3.2:1b"
RUNNING_WITHIN_S = 180
DETECTED_WITHIN_S = 60
DELETED_WITHIN_S = 180
WEBHOOKS_WITHIN_S = 20
LOST = ("instance_terminated", "spot_interrupted")
EXPECTED = [
    "requested",
    "selecting",
    "provisioning",
    "starting",
    "running",
    "unhealthy",
    "deleting",
    "deleted",
]


@dataclass
class Summary:
    """What held, what it took, and what was seen; printed as the demo's last output."""

    held: dict[str, bool] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return bool(self.held) and all(self.held.values())

    def check(self, name: str, *, held: bool) -> None:
        self.held[name] = held
        print(f"    {'ok ' if held else 'NOT'} {name}", flush=True)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(time.monotonic() - began, 2)

    def as_json(self) -> Mapping[str, Any]:
        return {"ok": self.ok, "held": self.held, "seconds": self.seconds, **self.facts}


def tell(edge: str, cloud: str, summary: Summary) -> None:
    """Run the whole story. What does not hold is in the summary; what breaks it raises."""
    client = Client(edge)
    _say("A user registers and signs in")
    summary.facts["user"] = client.register_and_sign_in()
    _estimate(client, summary)
    with WebhookReceiver() as receiver:
        created = _deploy(client, receiver, summary)
        try:
            running = _follow(client, created, summary)
            _use(running, created["credentials"]["token"], summary)
            _lose(client, running, cloud, summary)
        finally:
            _delete(client, created["id"], summary)
        _webhooks(client, created["id"], receiver, created["credentials"]["webhook_secret"], summary)


def _estimate(client: Client, summary: Summary) -> None:
    _say(f"What would {MODEL} need, and where is it cheapest?")
    estimate = client.estimate(model=MODEL, context_size=8192)
    needs, best = estimate["requirements"], estimate["candidates"][0]
    spot = "spot" if best["spot"] else "on-demand"
    price = f"{best['hourly_usd']:.4f} USD/h, about {best['tokens_per_s']:.0f} tokens/s"
    print(f"    memory {needs['vram_gib']:.2f} GiB; {best['machine']} {spot} in {best['region']}: {price}")
    summary.facts["estimate"] = {
        name: best[name] for name in ("cloud", "region", "machine", "spot", "hourly_usd")
    }


def _deploy(client: Client, receiver: WebhookReceiver, summary: Summary) -> Body:
    _say("Deploy it on AWS spot, with a webhook")
    created = client.create(
        key=f"demo-{time.time_ns()}",
        model=MODEL,
        context_size=8192,
        cloud="aws",
        spot="only",
        name="demo",
        webhook={"url": receiver.url},
    )
    summary.facts["deployment"] = created["id"]
    print(f"    {created['id']} {created['status']}")
    return created


def _follow(client: Client, created: Body, summary: Summary) -> Body:
    _say("Follow it until the model answers")
    last = [""]
    began = time.monotonic()

    def seen(deployment: Body) -> None:
        boot = deployment.get("boot") or {}
        progress = f" {boot['progress_pct']} %" if boot.get("progress_pct") is not None else ""
        phase = f", {boot['phase']}{progress}" if boot else ""
        line = f"{deployment['status']}{phase}"
        if line != last[0]:
            last[0] = line
            print(f"    {time.monotonic() - began:5.1f} s  {line}", flush=True)

    ended = ("running", "failed", "needs_attention")
    with summary.timed("post_to_running"):
        deployment = client.wait_until(
            created["id"], lambda d: d["status"] in ended, within_s=RUNNING_WITHIN_S, seen=seen
        )
    summary.check("it came to run", held=deployment["status"] == "running")
    if deployment["status"] != "running":
        raise RuntimeError(f"the deployment ended as {deployment['status']}: {deployment['detail']}")
    placement = deployment["placement"]
    shown = ("cloud", "region", "zone", "machine", "spot", "hourly_usd", "instance_id", "address")
    summary.facts["placement"] = {name: placement[name] for name in shown}
    summary.check("it runs on AWS spot", held=placement["cloud"] == "aws" and placement["spot"] is True)
    return deployment


def _use(deployment: Body, token: str, summary: Summary) -> None:
    _say("Call the instance's Ollama API, over TLS, with and without the token")
    url = deployment["endpoint"]["url"]
    with TemporaryDirectory() as folder:
        root = Path(folder) / "root.pem"
        root.write_text(deployment["endpoint"]["ca_pem"])

        def ask(headers: Mapping[str, str]) -> requests.Response:
            prompt = {"model": MODEL, "prompt": "Why is the sky blue?", "stream": False}
            return requests.post(
                f"{url}/api/generate", json=prompt, headers=headers, verify=str(root), timeout=30
            )

        answered = ask({"Authorization": f"Bearer {token}"})
        refused, forged = ask({}), ask({"Authorization": "Bearer fll_wrong"})
    summary.check("the model answers its owner", held=answered.ok and bool(answered.json().get("response")))
    summary.check("nobody else is answered", held=refused.status_code == forged.status_code == 401)  # noqa: PLR2004


def _lose(client: Client, deployment: Body, cloud: str, summary: Summary) -> None:
    _say("The cloud takes the instance away; does anybody notice?")
    instance = deployment["placement"]["instance_id"]
    requests.post(f"{cloud}/_fleet/instances/{instance}/kill", timeout=10).raise_for_status()
    with summary.timed("kill_to_detected"):
        seen = client.wait_until(deployment["id"], lambda d: d["reason"] in LOST, within_s=DETECTED_WITHIN_S)
    print(f"    {seen['status']}: {seen['detail']}")
    summary.check("the loss was detected and named", held=seen["status"] == "unhealthy")


def _delete(client: Client, deployment_id: str, summary: Summary) -> None:
    _say("Delete it, and ask the cloud itself what is left")
    with summary.timed("delete_to_deleted"):
        client.delete(deployment_id)
        deleted = client.wait_for(deployment_id, "deleted", "needs_attention", within_s=DELETED_WITHIN_S)
    summary.check("it was deleted", held=deleted["status"] == "deleted")
    placement = deleted["placement"]
    left = remains(deployment_id, placement["region"]) if placement else []
    summary.facts["left_in_the_cloud"] = left
    summary.check("the cloud is empty of it", held=not left)
    summary.facts["cost"] = deleted["cost"]


def _webhooks(
    client: Client, deployment_id: str, receiver: WebhookReceiver, secret: str, summary: Summary
) -> None:
    _say("Verify every webhook with the stock standardwebhooks library")
    happened = [event["status"] for event in client.events(deployment_id)]
    deadline = time.monotonic() + WEBHOOKS_WITHIN_S
    while len({each.headers["webhook-id"] for each in receiver.received}) < len(happened):
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    verified = receiver.verified(secret)
    told = [each.data["status"] for each in sorted(verified, key=lambda each: each.data["sequence"])]
    print(f"    {len(verified)} verified: {' → '.join(told)}")
    summary.facts["webhooks"] = told
    summary.check("every status change was told once", held=told == happened)
    # An instance may be silent before the cloud says that it is gone: unhealthy is then told twice, for two reasons.
    summary.check(
        "the whole life was told in order", held=[status for status, _ in groupby(told)] == EXPECTED
    )
    ids = [each.headers["webhook-id"] for each in verified]
    summary.check("no webhook came twice", held=len(ids) == len(set(ids)))


def _say(text: str) -> None:
    print(f"\n→ {text}", flush=True)
