# Written by `make modules` from the construct that the stacks use. Change that, not this.

resource "google_compute_health_check" "repair" {
  name                = "${var.name}-repair"
  check_interval_sec  = 30
  healthy_threshold   = 1
  timeout_sec         = 10
  unhealthy_threshold = 6

  https_health_check {
    port               = 11434
    port_specification = "USE_FIXED_PORT"
    request_path       = "/_flowllama/ready"
  }

  log_config {
    enable = true
  }
}

resource "google_compute_instance_group_manager" "this" {
  count              = length(var.zones) == 1 ? 1 : 0
  name               = var.name
  base_instance_name = var.name
  wait_for_instances = false
  zone               = var.zones[0]

  auto_healing_policies {
    health_check      = google_compute_health_check.repair.id
    initial_delay_sec = min(600 + 25 * var.disk_gib, 3600)
  }

  named_port {
    name = "ollama"
    port = 11434
  }

  timeouts {
    create = "15m"
    delete = "30m"
    update = "30m"
  }

  update_policy {
    max_surge_fixed       = 1
    max_unavailable_fixed = 0
    minimal_action        = "REPLACE"
    replacement_method    = "SUBSTITUTE"
    type                  = "PROACTIVE"
  }

  version {
    instance_template = var.template_id
  }
}

resource "google_compute_autoscaler" "this" {
  count  = length(var.zones) == 1 ? 1 : 0
  name   = var.name
  target = google_compute_instance_group_manager.this[0].id
  zone   = var.zones[0]

  autoscaling_policy {
    cooldown_period = floor(min(600 + 25 * var.disk_gib, 3600) / 2)
    max_replicas    = var.most
    min_replicas    = var.least
    mode            = "ON"

    dynamic "cpu_utilization" {
      for_each = var.signal == "cpu" ? [1] : []

      content {
        target = 0.7
      }
    }

    dynamic "load_balancing_utilization" {
      for_each = var.signal != "cpu" ? [1] : []

      content {
        target = 0.7
      }
    }

    scale_in_control {
      time_window_sec = 600

      max_scaled_in_replicas {
        fixed = 1
      }
    }
  }
}

resource "google_compute_region_instance_group_manager" "this" {
  count                            = length(var.zones) > 1 ? 1 : 0
  name                             = var.name
  base_instance_name               = var.name
  distribution_policy_target_shape = "BALANCED"
  distribution_policy_zones        = sort(var.zones)
  region                           = var.region
  wait_for_instances               = false

  auto_healing_policies {
    health_check      = google_compute_health_check.repair.id
    initial_delay_sec = min(600 + 25 * var.disk_gib, 3600)
  }

  named_port {
    name = "ollama"
    port = 11434
  }

  timeouts {
    create = "15m"
    delete = "30m"
    update = "30m"
  }

  update_policy {
    instance_redistribution_type = "NONE"
    max_surge_fixed              = length(var.zones)
    max_unavailable_fixed        = 0
    minimal_action               = "REPLACE"
    replacement_method           = "SUBSTITUTE"
    type                         = "PROACTIVE"
  }

  version {
    instance_template = var.template_id
  }
}

resource "google_compute_region_autoscaler" "this" {
  count  = length(var.zones) > 1 ? 1 : 0
  name   = var.name
  region = var.region
  target = google_compute_region_instance_group_manager.this[0].id

  autoscaling_policy {
    cooldown_period = floor(min(600 + 25 * var.disk_gib, 3600) / 2)
    max_replicas    = var.most
    min_replicas    = var.least
    mode            = "ON"

    dynamic "cpu_utilization" {
      for_each = var.signal == "cpu" ? [1] : []

      content {
        target = 0.7
      }
    }

    dynamic "load_balancing_utilization" {
      for_each = var.signal != "cpu" ? [1] : []

      content {
        target = 0.7
      }
    }

    scale_in_control {
      time_window_sec = 600

      max_scaled_in_replicas {
        fixed = 1
      }
    }
  }
}
