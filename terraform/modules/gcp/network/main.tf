# Written by `make modules` from the construct that the stacks use. Change that, not this.

resource "google_compute_network" "this" {
  # checkov:skip=CKV2_GCP_18: Its rules are another module; a network of this kind has none by default.
  name                    = "${var.name}-${var.region}"
  auto_create_subnetworks = false
  routing_mode            = "REGIONAL"
}

resource "google_compute_subnetwork" "this" {
  # checkov:skip=CKV_GCP_26: The lean form costs nothing while nobody uses it, and keeps no record.
  name                     = var.name
  ip_cidr_range            = cidrsubnet(var.cidr, 1, 0)
  network                  = google_compute_network.this.id
  private_ip_google_access = true
  region                   = var.region

  dynamic "log_config" {
    for_each = var.lean ? [] : [1]

    content {
      aggregation_interval = "INTERVAL_10_MIN"
      flow_sampling        = 0.5
      metadata             = "INCLUDE_ALL_METADATA"
    }
  }

  secondary_ip_range {
    ip_cidr_range = cidrsubnet(var.cidr, 2, 2)
    range_name    = "pods"
  }

  secondary_ip_range {
    ip_cidr_range = cidrsubnet(var.cidr, 2, 3)
    range_name    = "services"
  }
}

resource "google_compute_router" "this" {
  count   = var.lean ? 0 : 1
  name    = "${var.name}-nat"
  network = google_compute_network.this.id
  region  = var.region
}

resource "google_compute_address" "nat" {
  count  = var.lean ? 0 : 1
  name   = "${var.name}-nat"
  region = var.region
  labels = var.labels
}

resource "google_compute_router_nat" "this" {
  count                               = var.lean ? 0 : 1
  name                                = var.name
  enable_dynamic_port_allocation      = true
  enable_endpoint_independent_mapping = false
  max_ports_per_vm                    = 4096
  min_ports_per_vm                    = 64
  nat_ip_allocate_option              = "MANUAL_ONLY"
  nat_ips                             = [google_compute_address.nat[0].id]
  region                              = var.region
  router                              = google_compute_router.this[0].name
  source_subnetwork_ip_ranges_to_nat  = "LIST_OF_SUBNETWORKS"

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }

  subnetwork {
    name                    = google_compute_subnetwork.this.id
    source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
  }
}
