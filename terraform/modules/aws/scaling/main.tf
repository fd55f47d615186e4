# Written by `make modules` from the construct that the stacks use. Change that, not this.

resource "aws_autoscaling_group" "this" {
  name                      = var.name
  capacity_rebalance        = var.on_demand_percent < 100
  default_instance_warmup   = var.boot_s
  desired_capacity          = coalesce(var.desired, var.least)
  force_delete              = true
  health_check_grace_period = var.boot_s
  health_check_type         = length(var.target_group_arns) > 0 ? "ELB" : "EC2"
  max_size                  = var.most
  min_size                  = var.least
  target_group_arns         = length(var.target_group_arns) > 0 ? var.target_group_arns : null
  termination_policies      = ["OldestLaunchTemplate", "Default"]
  vpc_zone_identifier       = var.subnets
  wait_for_capacity_timeout = "8m"

  instance_refresh {
    strategy = "Rolling"

    preferences {
      instance_warmup        = tostring(var.boot_s)
      max_healthy_percentage = 110
      min_healthy_percentage = 100
      skip_matching          = true
    }
  }

  lifecycle {
    ignore_changes = [desired_capacity]
  }

  mixed_instances_policy {
    instances_distribution {
      on_demand_allocation_strategy            = "prioritized"
      on_demand_base_capacity                  = var.on_demand_base
      on_demand_percentage_above_base_capacity = var.on_demand_percent
      spot_allocation_strategy                 = var.spot_allocation
      spot_max_price                           = var.spot_max_usd
    }

    launch_template {
      launch_template_specification {
        launch_template_id = var.template_id
        version            = var.template_version
      }

      dynamic "override" {
        for_each = var.types

        content {
          instance_type = override.value
        }
      }
    }
  }

  dynamic "tag" {
    for_each = var.tags

    content {
      key                 = tag.key
      propagate_at_launch = true
      value               = tag.value
    }
  }

  tag {
    key                 = "Name"
    propagate_at_launch = true
    value               = var.name
  }

  timeouts {
    delete = "20m"
    update = "10m"
  }
}

resource "aws_autoscaling_policy" "load" {
  name                   = "${aws_autoscaling_group.this.name}-load"
  autoscaling_group_name = aws_autoscaling_group.this.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = var.requests_per_minute != null ? var.requests_per_minute : var.cpu_percent

    predefined_metric_specification {
      predefined_metric_type = var.requests_per_minute != null ? "ALBRequestCountPerTarget" : "ASGAverageCPUUtilization"
      resource_label         = var.requests_per_minute != null ? "${var.balancer_suffix}/${var.target_group_suffix}" : null
    }
  }
}
