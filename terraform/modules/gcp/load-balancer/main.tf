# Written by `make modules` from the construct that the stacks use. Change that, not this.

resource "google_compute_health_check" "traffic" {
  name                = "${var.name}-traffic"
  check_interval_sec  = 10
  healthy_threshold   = 2
  timeout_sec         = 5
  unhealthy_threshold = 3

  https_health_check {
    port               = 11434
    port_specification = "USE_FIXED_PORT"
    request_path       = "/_flowllama/ready"
  }

  log_config {
    enable = true
  }
}

resource "google_compute_security_policy" "admission" {
  # checkov:skip=CKV_GCP_73: It admits by address; what stands behind it is no Java program.
  name        = var.name
  description = "FlowLlama placement: its allow-list and the platform"
  type        = "CLOUD_ARMOR"

  dynamic "rule" {
    for_each = chunklist(sort(distinct(var.cidrs)), 10)

    content {
      action      = "allow"
      description = "Allow-list and platform"
      priority    = 1000 + rule.key

      match {
        versioned_expr = "SRC_IPS_V1"

        config {
          src_ip_ranges = rule.value
        }
      }
    }
  }

  rule {
    action      = "deny(403)"
    description = "Nobody else"
    priority    = 2147483647

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }
  }
}

resource "google_compute_backend_service" "this" {
  name                            = var.name
  connection_draining_timeout_sec = 300
  health_checks                   = [google_compute_health_check.traffic.id]
  load_balancing_scheme           = "EXTERNAL_MANAGED"
  locality_lb_policy              = "LEAST_REQUEST"
  port_name                       = "ollama"
  protocol                        = "HTTPS"
  security_policy                 = google_compute_security_policy.admission.id
  timeout_sec                     = 3600

  backend {
    balancing_mode        = "RATE"
    group                 = var.instance_group
    max_rate_per_instance = var.parallel / 10
  }

  log_config {
    enable      = true
    sample_rate = 1
  }
}

resource "google_compute_url_map" "this" {
  name            = var.name
  default_service = google_compute_backend_service.this.id
}

resource "google_compute_ssl_policy" "tls" {
  name            = var.name
  min_tls_version = "TLS_1_2"
  profile         = "RESTRICTED"
}

resource "google_compute_managed_ssl_certificate" "this" {
  count = var.certificate == null ? 1 : 0
  name  = var.name

  managed {
    domains = [var.host]
  }

  timeouts {
    create = "10m"
    delete = "15m"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_target_https_proxy" "this" {
  name             = var.name
  ssl_certificates = [var.certificate != null ? var.certificate : google_compute_managed_ssl_certificate.this[0].id]
  ssl_policy       = google_compute_ssl_policy.tls.id
  url_map          = google_compute_url_map.this.id
}

resource "google_compute_global_address" "this" {
  name       = var.name
  ip_version = "IPV4"
  labels     = var.labels
}

resource "google_compute_global_forwarding_rule" "listener" {
  name                  = "${var.name}-11434"
  ip_address            = google_compute_global_address.this.id
  ip_protocol           = "TCP"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  port_range            = "11434"
  target                = google_compute_target_https_proxy.this.id
  labels                = var.labels
}

resource "google_compute_global_forwarding_rule" "validation" {
  count                 = var.certificate == null ? 1 : 0
  name                  = "${var.name}-443"
  ip_address            = google_compute_global_address.this.id
  ip_protocol           = "TCP"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  port_range            = "443"
  target                = google_compute_target_https_proxy.this.id
  labels                = var.labels
}
