# Written by `make modules` from the construct that the stacks use. Change that, not this.

output "group_id" {
  description = "Id of the security group."
  value       = aws_security_group.this.id
}
