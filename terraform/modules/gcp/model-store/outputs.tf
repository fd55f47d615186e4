# Written by `make modules` from the construct that the stacks use. Change that, not this.

output "bucket" {
  description = "Name of the bucket."
  value       = google_storage_bucket.models.name
}

output "replica" {
  description = "Name of the copy; null without one."
  value       = var.replica_bucket != null ? google_storage_bucket.replica[0].name : null
}
