# Written by `make modules` from the construct that the stacks use. Change that, not this.

output "template_id" {
  description = "Id of the launch template."
  value       = aws_launch_template.this.id
}

output "version" {
  description = "Its newest version."
  value       = aws_launch_template.this.latest_version
}
