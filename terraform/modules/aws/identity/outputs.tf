# Written by `make modules` from the construct that the stacks use. Change that, not this.

output "profile_name" {
  description = "Name of the instance profile."
  value       = aws_iam_instance_profile.this.name
}
