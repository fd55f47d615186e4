# Written by `make modules` from the construct that the stacks use. Change that, not this.

output "address" {
  description = "IPv4 address of the balancer, for an A record."
  value       = google_compute_global_address.this.address
}

output "balancer_name" {
  description = "What the console lists it under."
  value       = google_compute_url_map.this.name
}
