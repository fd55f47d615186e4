# Written by `make modules` from the construct that the stacks use. Change that, not this.

output "group_id" {
  description = "Id of the group."
  value       = length(var.zones) == 1 ? google_compute_instance_group_manager.this[0].id : google_compute_region_instance_group_manager.this[0].id
}

output "instance_group" {
  description = "What a balancer's backend refers to."
  value       = length(var.zones) == 1 ? google_compute_instance_group_manager.this[0].instance_group : google_compute_region_instance_group_manager.this[0].instance_group
}
