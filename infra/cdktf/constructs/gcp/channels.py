"""Whom alarms tell. Google sends a mail to each address, without asking it first."""

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_google.monitoring_notification_channel import MonitoringNotificationChannel
from constructs import Construct

from infra.cdktf import ids


class Channels(Construct):
    """`names` are what an alert policy refers to; more policies than ours may."""

    def __init__(self, scope: Construct, id_: str, platform: str, emails: tuple[str, ...]) -> None:
        super().__init__(scope, id_)
        self.names = tuple(self._mail(platform, email) for email in emails)

    def _mail(self, platform: str, email: str) -> str:
        return MonitoringNotificationChannel(
            self,
            f"{ids.CHANNEL}-{email}",
            display_name=f"{platform}: {email}",
            type="email",
            labels={"email_address": email},
            # Without this Terraform would delete a channel before the alarms let go of it, which Google refuses.
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        ).name
