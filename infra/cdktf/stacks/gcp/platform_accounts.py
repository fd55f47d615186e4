"""An account for each process of a platform on Google Cloud, with what the topology and its code ask for."""

from collections.abc import Mapping
from dataclasses import dataclass

from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.constructs.gcp import roles, service_roles
from infra.cdktf.constructs.gcp.account import Account, AccountProps
from infra.cdktf.constructs.gcp.queue_alarms import short
from infra.cdktf.constructs.gcp.queues import OrderedQueue
from infra.cdktf.processes import AGENT, PRICING, PROCESSES, Process


@dataclass(frozen=True)
class AccountsProps:
    """`queues` are by their name in the topology; `secrets` are ids by setting; `state_bucket` is a reference."""

    name: str
    project: str
    queues: Mapping[str, OrderedQueue]
    secrets: Mapping[str, str]
    state_bucket: str
    state_bucket_name: str


def accounts(scope: Construct, props: AccountsProps) -> dict[str, Account]:
    """By process."""
    made = {
        role.id: roles.make(scope, f"{ids.ROLE}-{role.id}", role, name=props.name, project=props.project)
        for role in service_roles.ROLES
    }
    return {process.name: _account(scope, props, process, made) for process in PROCESSES}


def _account(scope: Construct, props: AccountsProps, process: Process, made: Mapping[str, str]) -> Account:
    account = Account(
        scope,
        f"{ids.ACCOUNT}-{process.name}",
        AccountProps(name=props.name, process=process.name, project=props.project, roles=made),
    )
    for setting in process.secrets:
        account.read_secret(setting, props.secrets[setting])
    for queue, gives_up in service_roles.sent_to(process).items():
        name = short(queue.name)
        account.send_to(props.queues[queue.name].topic, name)
        if gives_up:
            account.send_to(props.queues[queue.name].dead_topic, short(queue.dead_letter))
    for queue in service_roles.received_by(process):
        account.receive_from(props.queues[queue.name].subscription, short(queue.name))
    if process == AGENT:
        account.keep_states_in(props.state_bucket, props.state_bucket_name)
    if process == PRICING:
        account.read_market()
    return account
