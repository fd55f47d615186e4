# Written by `make modules` from the construct that the stacks use. Change that, not this.

output "group_name" {
  description = "Name of the scaling group."
  value       = aws_autoscaling_group.this.name
}
