"""The roles of a process: what starts it may pull its image and read its secrets, and what it is may call its clouds."""

from collections.abc import Iterable
from dataclasses import dataclass

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_aws.iam_role import IamRole
from constructs import Construct

from infra.cdktf import ids
from infra.cdktf.constructs.aws import policy
from infra.cdktf.constructs.aws.grants import Grant, allow, allow_apart

# Apart from the roles of instances, which the agent may hand on by the pattern of their names.
PATH = "/flowllama/services/"


@dataclass(frozen=True)
class ProcessRoleProps:
    """`name` is the account's, so it has the region in it. `purpose` is the word for it: `start` or `task`.

    `apart` are grants for which the inline policy has no room.
    """

    name: str
    account: str
    region: str
    purpose: str
    boundary_arn: str
    grants: tuple[Grant, ...]
    apart: tuple[Grant, ...] = ()


class ProcessRole(Construct):
    def __init__(self, scope: Construct, id_: str, props: ProcessRoleProps) -> None:
        super().__init__(scope, id_)
        role = IamRole(
            self,
            ids.ROLE,
            name=f"{props.name}-{props.purpose}",
            path=PATH,
            description=f"FlowLlama {props.name}: {props.purpose}",
            assume_role_policy=policy.trust(
                "ecs-tasks.amazonaws.com", props.account, f"arn:aws:ecs:{props.region}:{props.account}:*"
            ),
            permissions_boundary=props.boundary_arn,
        )
        self.arn = role.arn
        # A task waits for it: started sooner it would be refused what it may do a second later.
        self.permissions: list[ITerraformDependable] = [
            allow(self, ids.POLICY, role=role.name, name=props.purpose, grants=props.grants)
        ]
        if props.apart:
            name = f"flowllama-{props.name}-{props.purpose}"
            more = allow_apart(self, ids.MORE_POLICY, role=role.name, name=name, grants=props.apart)
            self.permissions.append(more)


@dataclass(frozen=True)
class Start:
    """What the start of a process needs: the place of its image, lines and secrets."""

    account: str
    region: str
    image: str
    log_group_arn: str
    stream_prefix: str
    secret_arns: tuple[str, ...]
    key_arn: str | None


def start_grants(start: Start) -> list[Grant]:
    grants = [
        Grant(
            "WriteLines",
            "Ships the process's lines to the log group of its service.",
            ("logs:CreateLogStream", "logs:PutLogEvents"),
            (f"{start.log_group_arn}:log-stream:{start.stream_prefix}/*",),
        ),
        Grant(
            "ReadSecrets",
            "Puts the secrets of this process, and of no other, into its environment.",
            ("secretsmanager:GetSecretValue",),
            start.secret_arns,
        ),
        *_pull_grants(start.image),
    ]
    if start.key_arn:
        grants.append(
            Grant(
                "DecryptSecrets",
                "Secrets are encrypted by the platform's key, which is used through Secrets Manager alone.",
                ("kms:Decrypt",),
                (start.key_arn,),
                {"StringEquals": {"kms:ViaService": f"secretsmanager.{start.region}.amazonaws.com"}},
            )
        )
    return grants


def _pull_grants(image: str) -> Iterable[Grant]:
    """An image of another registry than AWS's own is pulled without any right."""
    host, _, rest = image.partition("/")
    parts = host.split(".")
    if parts[1:3] != ["dkr", "ecr"]:
        return []
    repository = rest.partition("@")[0].partition(":")[0]
    return [
        Grant(
            "EnterRegistry",
            "A token of the registry comes before every pull. It knows no resource.",
            ("ecr:GetAuthorizationToken",),
            ("*",),
            objections={
                "CREDENTIALS_EXPOSURE": "The token opens what the role may pull, and that is one repository."
            },
        ),
        Grant(
            "PullImage",
            "Pulls the one image of the services.",
            ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
            (f"arn:aws:ecr:{parts[3]}:{parts[0]}:repository/{repository}",),
        ),
    ]
