# Written by `make modules` from the construct that the stacks use. Change that, not this.

resource "google_compute_firewall" "nothing_in" {
  name                    = "${var.name}-nothing-in"
  direction               = "INGRESS"
  network                 = var.vpc_id
  priority                = 65000
  source_ranges           = ["0.0.0.0/0"]
  target_service_accounts = [var.service_account]

  deny {
    protocol = "all"
  }
}

resource "google_compute_firewall" "ways_out" {
  name                    = "${var.name}-ways-out"
  destination_ranges      = ["0.0.0.0/0"]
  direction               = "EGRESS"
  network                 = var.vpc_id
  priority                = 60000
  target_service_accounts = [var.service_account]

  allow {
    ports    = ["80", "443"]
    protocol = "tcp"
  }
}

resource "google_compute_firewall" "nothing_out" {
  name                    = "${var.name}-nothing-out"
  destination_ranges      = ["0.0.0.0/0"]
  direction               = "EGRESS"
  network                 = var.vpc_id
  priority                = 65000
  target_service_accounts = [var.service_account]

  deny {
    protocol = "all"
  }
}

resource "google_compute_firewall" "this" {
  name        = var.name
  description = "FlowLlama placement: Ollama behind TLS and a token"
  direction   = "INGRESS"
  network     = var.vpc_id
  priority    = 1000
  source_ranges = sort(distinct([
    for network in concat(var.allow_cidrs, var.service_cidrs) : network if !strcontains(network, ":")
  ]))
  target_tags = [var.name]

  allow {
    ports    = ["11434"]
    protocol = "tcp"
  }

  timeouts {
    create = "5m"
    delete = "10m"
  }
}

resource "google_compute_firewall" "ssh" {
  count         = length(var.ssh_cidrs) > 0 ? 1 : 0
  name          = "${var.name}-ssh"
  description   = "FlowLlama placement: SSH"
  direction     = "INGRESS"
  network       = var.vpc_id
  priority      = 1000
  source_ranges = sort(distinct([for network in var.ssh_cidrs : network if !strcontains(network, ":")]))
  target_tags   = [var.name]

  allow {
    ports    = ["22"]
    protocol = "tcp"
  }

  timeouts {
    create = "5m"
    delete = "10m"
  }
}
