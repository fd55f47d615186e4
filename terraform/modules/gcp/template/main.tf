# Written by `make modules` from the construct that the stacks use. Change that, not this.

resource "google_compute_instance_template" "this" {
  # checkov:skip=CKV_GCP_40: By choice, where a network has no NAT; the firewall admits listed networks alone.
  can_ip_forward = false
  machine_type   = var.type
  metadata = {
    user-data              = var.user_data
    user-data-encoding     = "base64"
    enable-oslogin         = "TRUE"
    block-project-ssh-keys = "TRUE"
    serial-port-enable     = "FALSE"
  }
  name_prefix = "${var.name}-"
  labels      = var.labels
  tags        = [var.name]

  disk {
    auto_delete  = true
    boot         = true
    disk_size_gb = var.gpu_kind != null ? max(var.disk_gib, 50) : max(var.disk_gib, 10)
    disk_type    = contains(["c4", "c4a", "c4d", "n4", "n4a", "n4d"], split("-", var.type)[0]) ? "hyperdisk-balanced" : "pd-balanced"
    source_image = (
      var.gpu_kind != null
      ? (var.arch == "arm64" ? "ubuntu-os-accelerator-images/ubuntu-accelerator-2404-arm64-with-nvidia-580" : "ubuntu-os-accelerator-images/ubuntu-accelerator-2404-amd64-with-nvidia-580")
      : (var.arch == "arm64" ? "ubuntu-os-cloud/ubuntu-2404-lts-arm64" : "ubuntu-os-cloud/ubuntu-2404-lts-amd64")
    )
    labels = var.labels
  }

  dynamic "guest_accelerator" {
    for_each = var.gpu_kind != null && startswith(var.type, "n1-") ? [1] : []

    content {
      count = var.gpu_count
      type  = "nvidia-tesla-t4"
    }
  }

  lifecycle {
    create_before_destroy = true
  }

  network_interface {
    subnetwork = var.subnet_id

    dynamic "access_config" {
      for_each = var.public ? [1] : []

      content {
        network_tier = "PREMIUM"
      }
    }
  }

  scheduling {
    automatic_restart           = !var.spot
    instance_termination_action = var.spot ? "DELETE" : null
    on_host_maintenance         = var.gpu_kind != null ? "TERMINATE" : (var.spot ? "TERMINATE" : "MIGRATE")
    preemptible                 = var.spot ? true : null
    provisioning_model          = var.spot ? "SPOT" : "STANDARD"
  }

  service_account {
    email  = var.service_account
    scopes = ["cloud-platform"]
  }

  shielded_instance_config {
    enable_integrity_monitoring = true
    enable_secure_boot          = var.gpu_kind != null ? false : var.arch != "arm64"
    enable_vtpm                 = true
  }
}
