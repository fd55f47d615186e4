"""The model store on Google Cloud as a module: by choice with keys of one's own and a copy in a second region."""

from collections.abc import Mapping
from typing import Any

from cdktf_cdktf_provider_google.data_google_storage_transfer_project_service_account import (
    DataGoogleStorageTransferProjectServiceAccount,
)

from contracts.vocabulary import Cloud
from infra.cdktf import ids
from infra.cdktf.constructs.gcp.model_store import ModelStore, ModelStoreProps, ReplicaProps
from infra.modules.gcp import common, steps
from infra.modules.recipe import Example, Given, Output, Recipe, Rule, Step, Switch, Variable
from infra.modules.tracing import Trace

_ELSEWHERE = Rule(
    "var.replica_bucket == null || var.replica_region != null",
    "Must be given where there is a `replica_bucket`.",
)
_KEY_NAME = "projects/.+/locations/.+/keyRings/.+/cryptoKeys/.+"
_KEY_MEANING = "projects/…/locations/…/keyRings/…/cryptoKeys/…"


def _build(stack: Any, given: Given) -> Mapping[str, Any]:
    replica = None
    if given["replica_bucket"]:
        agent = DataGoogleStorageTransferProjectServiceAccount(
            stack, ids.TRANSFER_AGENT, project=given["project"]
        )
        replica = ReplicaProps(
            bucket=given["replica_bucket"],
            region=given["replica_region"],
            key_id=given["replica_key_id"],
            agent=agent.member,
        )
    store = ModelStore(
        stack,
        "model-store",
        ModelStoreProps(
            name=given["name"],
            project=given["project"],
            bucket=given["bucket"],
            region=given["region"],
            key_id=given["key_id"],
            replica=replica,
        ),
    )
    return {"bucket": store.bucket, "replica": store.replica}


def _traces(given: Given) -> tuple[Trace, ...]:
    # Cloud Storage calls regions in capitals, and a role's id has no dash.
    elsewhere = given["replica_region"]
    return (
        (given["region"].upper(), "upper(var.region)"),
        *(((elsewhere.upper(), "upper(var.replica_region)"),) if elsewhere else ()),
        (given["name"].replace("-", "_"), 'replace(var.name, "-", "_")'),
    )


def _key(variable: str, says: str) -> Variable:
    return common.text(variable, says, _KEY_NAME, _KEY_MEANING, default="null")


def _bucket(variable: str, says: str, default: str | None = None) -> Variable:
    return common.text(
        variable, says, "[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]", "the name of a bucket", default=default
    )


def _given_or_not(variable: str) -> Switch:
    sample = f"sample-{variable.replace('_', '-')}"
    return Switch(f"var.{variable} != null", f"var.{variable} == null", {variable: sample}, {variable: None})


RECIPE = Recipe(
    cloud=Cloud.GCP,
    name="model-store",
    summary="A bucket that keeps models near the machines: versioned, closed to the public, moved to cheaper classes where "
    "nobody reads, and by choice copied to a second region each hour.",
    build=_build,
    variables=(
        common.name("Names what copies the models.", longest=32),
        common.text("project", "Project of the bucket.", "[a-z][a-z0-9-]{4,28}[a-z0-9]", "a project id"),
        _bucket("bucket", "Name of the bucket, unique in all of Cloud Storage."),
        common.region(),
        _key("key_id", "KMS key that encrypts the bucket; without it Google does with its own."),
        _bucket("replica_bucket", "Name of the copy.", "null"),
        common.text(
            "replica_region",
            "Region of the copy.",
            "[a-z]+(-[a-z]+)+[0-9]{1,2}",
            "a region name",
            default="null",
            more=(_ELSEWHERE,),
        ),
        _key("replica_key_id", "KMS key in the copy's region."),
        common.LABELS,
    ),
    outputs=(
        Output("bucket", "Name of the bucket."),
        Output("replica", "Name of the copy; null without one."),
    ),
    switches=(_given_or_not("replica_bucket"), _given_or_not("key_id"), _given_or_not("replica_key_id")),
    traces=_traces,
    probes=(
        {"replica_bucket": None, "replica_region": None, "replica_key_id": None, "key_id": None},
        {"region": "us-east1", "replica_bucket": "copy", "replica_region": "europe-west4", "key_id": None},
        {"name": "a", "replica_bucket": "copy", "replica_key_id": None},
    ),
    remarks="Google's service that copies has to be on in the project, and its agent must have been made once.",
    basic=Example("One bucket, encrypted by Google.", (steps.MODEL_STORE,)),
    advanced=Example(
        "A bucket and its copy in a second region.",
        (
            Step(
                "model-store",
                {
                    **steps.MODEL_STORE.inputs,
                    "replica_bucket": '"example-models-europe"',
                    "replica_region": '"europe-west4"',
                },
            ),
        ),
    ),
)
