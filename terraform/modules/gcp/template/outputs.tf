# Written by `make modules` from the construct that the stacks use. Change that, not this.

output "template_id" {
  description = "This very version of the template: a group that names it rolls with the next."
  value       = google_compute_instance_template.this.self_link_unique
}
