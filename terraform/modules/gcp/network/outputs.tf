# Written by `make modules` from the construct that the stacks use. Change that, not this.

output "vpc_id" {
  description = "Id of the VPC."
  value       = google_compute_network.this.id
}

output "public_subnets" {
  description = "The subnet's id under each zone."
  value       = { for zone in var.zones : zone => google_compute_subnetwork.this.id }
}

output "private_subnets" {
  description = "The same; empty for a lean network, where nothing leaves without an address."
  value       = var.lean ? {} : { for zone in var.zones : zone => google_compute_subnetwork.this.id }
}

output "egress_cidrs" {
  description = "Where calls from this network come from: its own range and its NAT's address."
  value       = var.lean ? [var.cidr] : [var.cidr, "${google_compute_address.nat[0].address}/32"]
}
