"""Google's question whether a machine may have traffic. Its door says 200 once the model can be asked, 503 before."""

from dataclasses import dataclass

from cdktf_cdktf_provider_google.compute_health_check import (
    ComputeHealthCheck,
    ComputeHealthCheckHttpsHealthCheck,
    ComputeHealthCheckLogConfig,
)
from constructs import Construct

from infra.cdktf import names
from infra.cdktf.constructs.gcp.firewall import PORT
from infra.cdktf.instance.guard import READY_PATH


@dataclass(frozen=True)
class Patience:
    """Seconds, and how many answers in a row change Google's mind. A check can't take longer than its interval."""

    interval_s: int
    timeout_s: int
    good: int
    bad: int


# A balancer looks away soon and looks back soon. To replace a machine costs its whole boot, so that takes longer.
TRAFFIC = Patience(interval_s=10, timeout_s=5, good=2, bad=3)
REPAIR = Patience(interval_s=30, timeout_s=10, good=1, bad=6)


def ready_check(scope: Construct, id_: str, name: str, patience: Patience) -> ComputeHealthCheck:
    """Google takes any certificate of the machine, and sends no token; the path needs none."""
    return ComputeHealthCheck(
        scope,
        id_,
        name=names.resource(name),
        check_interval_sec=patience.interval_s,
        timeout_sec=patience.timeout_s,
        healthy_threshold=patience.good,
        unhealthy_threshold=patience.bad,
        https_health_check=ComputeHealthCheckHttpsHealthCheck(
            port=PORT, port_specification="USE_FIXED_PORT", request_path=READY_PATH
        ),
        # Only changes of mind are logged.
        log_config=ComputeHealthCheckLogConfig(enable=True),
    )
