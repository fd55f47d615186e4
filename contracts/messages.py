"""Every message FlowLlama sends, by type. Who sends and who receives stands in `topology.py`.

Commands are imperative, events past tense. A type ends in `.v1`; it grows by optional fields only, and a
breaking change is a new type beside the old one.
"""

from marshmallow import EXCLUDE, Schema, fields, validate

from contracts.vocabulary import Cloud, DeploymentStatus, Reason, Tier

_ID = validate.Length(1, 64)


class DeploymentMessageSchema(Schema):
    """What every message about a deployment carries; older generations are dropped by receivers."""

    class Meta:
        unknown = EXCLUDE

    deployment_id = fields.String(required=True, validate=_ID)
    generation = fields.Integer(required=True, strict=True, validate=validate.Range(1))


class CreateRequestedSchema(DeploymentMessageSchema):
    """A user asked for a deployment; it is recorded and waits for admission."""

    user_id = fields.String(required=True, validate=_ID)


class DeleteRequestedSchema(CreateRequestedSchema):
    """A user wants a deployment gone."""


class AgentCommandSchema(DeploymentMessageSchema):
    """A command that admission control released to the agent."""

    user_id = fields.String(required=True, validate=_ID)
    tier = fields.Enum(Tier, by_value=True, required=True)
    command_id = fields.String(required=True, validate=_ID)


class ProvisionSchema(AgentCommandSchema):
    """Select an offer and build it. `workload` is what the user asked for, as pricing takes it: its `replicas` say
    how many machines at least and at most. `exposure` has its kind and the networks that are let in.

    `budget_hourly_usd` is the dearest offer that the user's budget allows, by the hour; null means no limit.
    """

    workload = fields.Dict(keys=fields.String(), required=True)
    budget_hourly_usd = fields.Decimal(load_default=None, allow_none=True, as_string=True)
    exposure = fields.Dict(keys=fields.String(), required=True)
    token_sha256 = fields.String(required=True, validate=validate.Regexp(r"^[0-9a-f]{64}$"))
    health_token_sha256 = fields.String(required=True, validate=validate.Regexp(r"^[0-9a-f]{64}$"))
    health_token_sealed = fields.String(required=True)


class DestroySchema(AgentCommandSchema):
    """Destroy every placement of a deployment and prove the cloud empty of it."""


class PlacementSchema(Schema):
    """One machine in one zone, chosen for a deployment; or as many of it as its replicas can be, and then
    `hourly_usd` and `monthly_usd` are those of all of them."""

    class Meta:
        unknown = EXCLUDE

    placement_id = fields.String(required=True, validate=_ID)
    decision_id = fields.String(required=True, validate=_ID)
    cloud = fields.Enum(Cloud, by_value=True, required=True)
    region = fields.String(required=True)
    zone = fields.String(required=True)
    machine = fields.String(required=True)
    spot = fields.Boolean(required=True)
    hourly_usd = fields.Decimal(required=True, as_string=True)
    hourly_usd_at_min = fields.Decimal(load_default=None, allow_none=True, as_string=True)
    monthly_usd = fields.Decimal(required=True, as_string=True)


class SelectedSchema(DeploymentMessageSchema):
    """The agent has an offer and starts to build it (again after a failover, with the next offer)."""

    placement = fields.Nested(PlacementSchema, required=True)


class ProvisionedSchema(DeploymentMessageSchema):
    """The machine stands; the model is not yet ready.

    `building_since` is when its building began, no later than its launch: from then on it may have cost money.
    """

    placement = fields.Nested(PlacementSchema, required=True)
    instance_id = fields.String(required=True)
    address = fields.String(required=True)
    building_since = fields.AwareDateTime(load_default=None, allow_none=True, format="iso")


class FailedSchema(DeploymentMessageSchema):
    """A provision ended without a machine, and what it had built is gone again."""

    command_id = fields.String(required=True, validate=_ID)
    reason = fields.Enum(Reason, by_value=True, required=True)
    detail = fields.String(required=True, validate=validate.Length(max=2000))


class DestroyedSchema(DeploymentMessageSchema):
    """Two sweeps of the cloud found nothing of the deployment."""

    command_id = fields.String(required=True, validate=_ID)
    sweeps = fields.Integer(required=True, strict=True, validate=validate.Range(2))


class ReplicasSchema(Schema):
    """How many machines there are at least and at most."""

    class Meta:
        unknown = EXCLUDE

    min = fields.Integer(required=True, strict=True, validate=validate.Range(1))
    max = fields.Integer(required=True, strict=True, validate=validate.Range(1))


class InstanceLaunchedSchema(DeploymentMessageSchema):
    """A machine to watch. The token is sealed for health and useless to anybody else.

    With `replicas` it is a scaling group behind a balancer: `instance_id` is the group's name, and `address` the
    balancer's, which may be a name.
    """

    user_id = fields.String(required=True, validate=_ID)
    placement_id = fields.String(required=True, validate=_ID)
    cloud = fields.Enum(Cloud, by_value=True, required=True)
    region = fields.String(required=True)
    instance_id = fields.String(required=True)
    address = fields.String(required=True)
    port = fields.Integer(required=True, strict=True, validate=validate.Range(1, 65535))
    model = fields.String(required=True)
    model_digest = fields.String(load_default=None, allow_none=True)
    replicas = fields.Nested(ReplicasSchema, load_default=None, allow_none=True)
    health_token_sealed = fields.String(required=True)


class InstanceRemovedSchema(DeploymentMessageSchema):
    """Stop watching: the machine is gone on purpose."""

    placement_id = fields.String(required=True, validate=_ID)


class InstanceReportSchema(DeploymentMessageSchema):
    """What health saw of the current placement."""

    placement_id = fields.String(required=True, validate=_ID)
    reason = fields.Enum(Reason, by_value=True, required=True)
    detail = fields.String(required=True, validate=validate.Length(max=2000))


class InstanceHealthySchema(InstanceReportSchema):
    """The model is listed and has answered. The root certificate verifies the instance's own; without one the public
    roots do, as behind a balancer."""

    ca_pem = fields.String(load_default=None, allow_none=True)


class InstanceUnhealthySchema(InstanceReportSchema):
    """Probes fail, but the machine exists."""


class InstanceTerminatedSchema(InstanceReportSchema):
    """The cloud says that the machine is gone."""


class InterruptionAnnouncedSchema(Schema):
    """The cloud will take a spot machine away: from the cloud itself, which knows no deployment, at the message's time."""

    class Meta:
        unknown = EXCLUDE

    cloud = fields.Enum(Cloud, by_value=True, required=True)
    region = fields.String(required=True, validate=_ID)
    instance_id = fields.String(required=True, validate=_ID)
    action = fields.String(required=True, validate=_ID)


class WebhookRegisteredSchema(Schema):
    """Where a user wants to hear of a deployment. The signing secret is sealed for health."""

    class Meta:
        unknown = EXCLUDE

    webhook_id = fields.String(required=True, validate=_ID)
    deployment_id = fields.String(required=True, validate=_ID)
    user_id = fields.String(required=True, validate=_ID)
    url = fields.String(required=True, validate=validate.Length(max=2048))
    secret_sealed = fields.String(required=True)


class StatusChangedSchema(DeploymentMessageSchema):
    """A deployment's status changed; health turns it into signed webhooks."""

    user_id = fields.String(required=True, validate=_ID)
    name = fields.String(required=True)
    status = fields.Enum(DeploymentStatus, by_value=True, required=True)
    previous = fields.Enum(DeploymentStatus, by_value=True, allow_none=True, required=True)
    reason = fields.Enum(Reason, by_value=True, required=True)
    detail = fields.String(allow_none=True, required=True)
    occurred_at = fields.AwareDateTime(required=True, format="iso")
    sequence = fields.Integer(required=True, strict=True, validate=validate.Range(1))


class BudgetThresholdReachedSchema(Schema):
    """What a user has spent this month has reached a share of the budget; told once a month, share and budget."""

    class Meta:
        unknown = EXCLUDE

    user_id = fields.String(required=True, validate=_ID)
    month = fields.String(required=True, validate=validate.Regexp(r"^[0-9]{4}-[0-9]{2}$"))
    threshold_percent = fields.Integer(required=True, strict=True, validate=validate.Range(1, 1000))
    monthly_usd = fields.Decimal(required=True, as_string=True)
    spent_usd = fields.Decimal(required=True, as_string=True)
    occurred_at = fields.AwareDateTime(required=True, format="iso")


CREATE_REQUESTED = "deployment.create.requested.v1"
DELETE_REQUESTED = "deployment.delete.requested.v1"
PROVISION = "deployment.provision.v1"
DESTROY = "deployment.destroy.v1"
SELECTED = "deployment.selected.v1"
PROVISIONED = "deployment.provisioned.v1"
FAILED = "deployment.failed.v1"
DESTROYED = "deployment.destroyed.v1"
INSTANCE_LAUNCHED = "instance.launched.v1"
INSTANCE_REMOVED = "instance.removed.v1"
INSTANCE_HEALTHY = "instance.healthy.v1"
INSTANCE_UNHEALTHY = "instance.unhealthy.v1"
INSTANCE_TERMINATED = "instance.terminated.v1"
INTERRUPTION_ANNOUNCED = "instance.interruption_announced.v1"
WEBHOOK_REGISTERED = "webhook.registered.v1"
STATUS_CHANGED = "deployment.status_changed.v1"
BUDGET_THRESHOLD_REACHED = "budget.threshold_reached.v1"

MESSAGES: dict[str, type[Schema]] = {
    CREATE_REQUESTED: CreateRequestedSchema,
    DELETE_REQUESTED: DeleteRequestedSchema,
    PROVISION: ProvisionSchema,
    DESTROY: DestroySchema,
    SELECTED: SelectedSchema,
    PROVISIONED: ProvisionedSchema,
    FAILED: FailedSchema,
    DESTROYED: DestroyedSchema,
    INSTANCE_LAUNCHED: InstanceLaunchedSchema,
    INSTANCE_REMOVED: InstanceRemovedSchema,
    INSTANCE_HEALTHY: InstanceHealthySchema,
    INSTANCE_UNHEALTHY: InstanceUnhealthySchema,
    INSTANCE_TERMINATED: InstanceTerminatedSchema,
    INTERRUPTION_ANNOUNCED: InterruptionAnnouncedSchema,
    WEBHOOK_REGISTERED: WebhookRegisteredSchema,
    STATUS_CHANGED: StatusChangedSchema,
    BUDGET_THRESHOLD_REACHED: BudgetThresholdReachedSchema,
}
