# Written by `make modules` from the construct that the stacks use. Change that, not this.

output "vpc_id" {
  description = "Id of the VPC."
  value       = aws_vpc.this.id
}

output "public_subnets" {
  description = "Ids of the public subnets by zone."
  value       = { for zone, public in aws_subnet.public : zone => public.id }
}

output "private_subnets" {
  description = "Ids of the private subnets by zone; empty for a lean network."
  value       = { for zone, private in aws_subnet.private : zone => private.id }
}

output "egress_cidrs" {
  description = "Where calls from this network come from: its range and its NAT gateways' addresses."
  value       = concat([var.cidr], [for nat in aws_eip.nat : "${nat.public_ip}/32"])
}
