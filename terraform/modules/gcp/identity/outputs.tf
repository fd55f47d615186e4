# Written by `make modules` from the construct that the stacks use. Change that, not this.

output "email" {
  description = "Email of the service account."
  value       = google_service_account.this.email
}
