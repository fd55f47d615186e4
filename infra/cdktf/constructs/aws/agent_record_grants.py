"""What the agent needs for the names of balanced placements: their own records, in the zones that are meant for them."""

from infra.cdktf.constructs.aws.grants import Grant

# A record is called as its placement, and a placement's id begins like this where its underscore is a dash.
PLACEMENTS = "dep-*"


def grants(zones: tuple[str, ...]) -> list[Grant]:
    if not zones:
        return []
    arns = tuple(f"arn:aws:route53:::hostedzone/{zone}" for zone in zones)
    return [
        Grant(
            "WriteRecords",
            "Gives a balanced placement its name: addresses of placements, and no other name or kind of record.",
            ("route53:ChangeResourceRecordSets",),
            arns,
            {
                "ForAllValues:StringEquals": {"route53:ChangeResourceRecordSetsRecordTypes": ["A"]},
                "ForAllValues:StringLike": {
                    "route53:ChangeResourceRecordSetsNormalizedRecordNames": [PLACEMENTS]
                },
            },
        ),
        Grant(
            "ReadRecords",
            "Sees what stands in those zones and when a change has reached all name servers.",
            ("route53:GetChange", "route53:GetHostedZone", "route53:ListResourceRecordSets"),
            ("arn:aws:route53:::change/*", *arns),
        ),
    ]
