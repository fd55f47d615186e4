# Written by `make modules` from the construct that the stacks use. Change that, not this.

resource "google_service_account" "this" {
  account_id   = var.name
  description  = "What a FlowLlama instance may do: write its logs and share models"
  display_name = "FlowLlama instances of ${var.name}"
}

resource "google_project_iam_member" "this" {
  member  = google_service_account.this.member
  project = var.project
  role    = "roles/logging.logWriter"
}

resource "google_project_iam_custom_role" "model" {
  count = var.model_bucket != null ? 1 : 0
  permissions = [
    "storage.multipartUploads.abort",
    "storage.multipartUploads.create",
    "storage.objects.create",
    "storage.objects.delete",
    "storage.objects.get",
  ]
  project = var.project
  role_id = "${replace(var.name, "-", "_")}_models"
  title   = "FlowLlama instances: share models"
}

resource "google_storage_bucket_iam_member" "model" {
  count  = var.model_bucket != null ? 1 : 0
  bucket = var.model_bucket
  member = google_service_account.this.member
  role   = google_project_iam_custom_role.model[0].name

  condition {
    expression = "resource.name.startsWith(\"projects/_/buckets/${var.model_bucket}/objects/models/\")"
    title      = "models-only"
  }
}
