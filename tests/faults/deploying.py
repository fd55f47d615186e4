"""The deployment that fault tests disturb."""

from infra.local.demo.client import Body, Client

# Two takeovers take a lease and its grace each, and a loaded machine stretches them.
RUNNING_WITHIN_S = 240
DELETED_WITHIN_S = 240
WISH = {"model": "llama3.2:1b", "cloud": "aws", "region": "us-east-1", "spot": "only"}


def deploy(client: Client, **body: object) -> Body:
    return client.create(key="fault-test", **WISH, **body)
