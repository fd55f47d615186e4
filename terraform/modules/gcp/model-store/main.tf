# Written by `make modules` from the construct that the stacks use. Change that, not this.

data "google_storage_transfer_project_service_account" "transfer_agent" {
  count   = var.replica_bucket != null ? 1 : 0
  project = var.project
}

resource "google_storage_bucket" "models" {
  # checkov:skip=CKV_GCP_62: Only accounts of the platform get in, and audit logs name them; a second bucket does not.
  name                        = var.bucket
  force_destroy               = false
  location                    = upper(var.region)
  public_access_prevention    = "enforced"
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  labels                      = var.labels

  autoclass {
    enabled                = true
    terminal_storage_class = "ARCHIVE"
  }

  dynamic "encryption" {
    for_each = var.key_id != null ? [1] : []

    content {
      default_kms_key_name = var.key_id
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }

    condition {
      age = 3
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      days_since_noncurrent_time = 30
      with_state                 = "ARCHIVED"
    }
  }

  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  versioning {
    enabled = true
  }
}

resource "google_storage_bucket" "replica" {
  # checkov:skip=CKV_GCP_62: Only accounts of the platform get in, and audit logs name them; a second bucket does not.
  count                       = var.replica_bucket != null ? 1 : 0
  name                        = var.replica_bucket
  force_destroy               = false
  location                    = upper(var.replica_region)
  public_access_prevention    = "enforced"
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  labels                      = var.labels

  autoclass {
    enabled                = true
    terminal_storage_class = "ARCHIVE"
  }

  dynamic "encryption" {
    for_each = var.replica_key_id != null ? [1] : []

    content {
      default_kms_key_name = var.replica_key_id
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }

    condition {
      age = 3
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      days_since_noncurrent_time = 30
      with_state                 = "ARCHIVED"
    }
  }

  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  versioning {
    enabled = true
  }
}

resource "google_project_iam_custom_role" "copy_from" {
  count       = var.replica_bucket != null ? 1 : 0
  permissions = ["storage.buckets.get", "storage.objects.get", "storage.objects.list"]
  project     = var.project
  role_id     = "${replace(var.name, "-", "_")}_copy_from"
  title       = "FlowLlama: what models are copied from"
}

resource "google_storage_bucket_iam_member" "may_copy_from" {
  count  = var.replica_bucket != null ? 1 : 0
  bucket = google_storage_bucket.models.name
  member = data.google_storage_transfer_project_service_account.transfer_agent[0].member
  role   = google_project_iam_custom_role.copy_from[0].name
}

resource "google_project_iam_custom_role" "copy_to" {
  count = var.replica_bucket != null ? 1 : 0
  permissions = [
    "storage.buckets.get",
    "storage.objects.create",
    "storage.objects.delete",
    "storage.objects.get",
    "storage.objects.list",
  ]
  project = var.project
  role_id = "${replace(var.name, "-", "_")}_copy_to"
  title   = "FlowLlama: what models are copied to"
}

resource "google_storage_bucket_iam_member" "may_copy_to" {
  count  = var.replica_bucket != null ? 1 : 0
  bucket = google_storage_bucket.replica[0].name
  member = data.google_storage_transfer_project_service_account.transfer_agent[0].member
  role   = google_project_iam_custom_role.copy_to[0].name
}

resource "google_storage_transfer_job" "replication" {
  count       = var.replica_bucket != null ? 1 : 0
  description = "FlowLlama: models/ of ${google_storage_bucket.models.name} to ${google_storage_bucket.replica[0].name}"
  project     = var.project
  status      = "ENABLED"
  depends_on = [
    google_storage_bucket_iam_member.may_copy_from,
    google_storage_bucket_iam_member.may_copy_to,
  ]

  logging_config {
    log_action_states = ["FAILED"]
    log_actions       = ["FIND", "COPY"]
  }

  schedule {
    repeat_interval = "3600s"

    schedule_start_date {
      day   = 1
      month = 1
      year  = 2026
    }
  }

  transfer_spec {
    gcs_data_sink {
      bucket_name = google_storage_bucket.replica[0].name
    }

    gcs_data_source {
      bucket_name = google_storage_bucket.models.name
    }

    object_conditions {
      include_prefixes = ["models/"]
    }

    transfer_options {
      delete_objects_unique_in_sink = false
      overwrite_when                = "DIFFERENT"
    }
  }
}
