"""The ids of all constructs. Terraform addresses come from them: to rename one is to destroy what it named.

`tests/infra/addresses.json` holds the addresses they lead to.
"""

PROVIDER = "aws"
NETWORK_STACK = "network"
DEPLOYMENT_STACK = "deployment"

NETWORK = "network"
VPC = "vpc"
DEFAULT_GROUP = "default-group"
INTERNET_GATEWAY = "internet-gateway"
PUBLIC_ROUTES = "public-routes"
PUBLIC_SUBNET = "public"
PRIVATE_SUBNET = "private"
NAT_ADDRESS = "nat-address"
NAT_GATEWAY = "nat"
PRIVATE_ROUTES = "private-routes"
ASSOCIATION = "association"
S3_ENDPOINT = "s3-endpoint"
FLOW_LOG = "flow-log"
FLOW_LOG_GROUP = "flow-log-group"
FLOW_LOG_ROLE = "flow-log-role"
FLOW_LOG_POLICY = "flow-log-policy"

IDENTITY = "identity"
ROLE = "role"
POLICY = "policy"
PROFILE = "profile"

FIREWALL = "firewall"
GROUP = "group"

MACHINE = "machine"
IMAGE = "image"
INSTANCE = "instance"
