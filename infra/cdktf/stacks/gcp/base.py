"""What every stack on Google Cloud has beside state and outputs: the provider."""

from cdktf_cdktf_provider_google.provider import GoogleProvider
from constructs import Construct

from contracts.stack_model import StackSpec
from infra.cdktf import ids, labels
from infra.cdktf.stacks.stack import Stack


class GcpStack(Stack):
    """With `lasting`, the provider labels everything by what no later apply changes; `labels` has all of them."""

    def __init__(self, scope: Construct, name: str, spec: StackSpec, *, lasting: bool = False) -> None:
        super().__init__(scope, name, spec.backend)
        self.labels = labels.for_stack(spec)
        self.lasting_labels = labels.lasting(self.labels)
        provider = GoogleProvider(
            self,
            ids.GOOGLE_PROVIDER,
            # Named here, so that credentials of another project build nothing in that one.
            project=spec.account,
            region=spec.region,
            add_terraform_attribution_label=False,
            # The spec's max_retries has no counterpart in this provider.
        )
        # As an argument of a provider, a map has the dashes of its keys turned into underscores by CDKTF.
        provider.add_override("default_labels", self.lasting_labels if lasting else self.labels)
