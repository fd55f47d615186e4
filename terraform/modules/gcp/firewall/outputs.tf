# Written by `make modules` from the construct that the stacks use. Change that, not this.

output "rule_id" {
  description = "Id of the rule that admits callers."
  value       = google_compute_firewall.this.id
}
