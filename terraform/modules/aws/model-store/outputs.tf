# Written by `make modules` from the construct that the stacks use. Change that, not this.

output "bucket" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.models.bucket
}

output "arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.models.arn
}

output "replica" {
  description = "Name of the copy; null without one."
  value       = var.replica_bucket != null ? aws_s3_bucket.replica[0].bucket : null
}
