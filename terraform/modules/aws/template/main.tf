# Written by `make modules` from the construct that the stacks use. Change that, not this.

data "aws_ami" "image" {
  most_recent = true
  owners      = [var.gpu ? "898082745236" : "099720109477"]

  filter {
    name = "name"
    values = [
      (
        var.gpu
        ? (var.arch == "arm64" ? "Deep Learning ARM64 Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) *" : "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) *")
        : (var.arch == "arm64" ? "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-*" : "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*")
      ),
    ]
  }

  filter {
    name   = "architecture"
    values = [var.arch]
  }

  filter {
    name   = "root-device-type"
    values = ["ebs"]
  }

  filter {
    name   = "virtualization-type"
    values = ["hvm"]
  }

  filter {
    name   = "state"
    values = ["available"]
  }
}

resource "aws_launch_template" "this" {
  name                                 = var.name
  description                          = "FlowLlama placement: Ollama behind TLS and a token"
  image_id                             = data.aws_ami.image.id
  instance_initiated_shutdown_behavior = "terminate"
  instance_type                        = var.type
  update_default_version               = true
  user_data                            = var.user_data
  tags = merge(var.tags, {
    Name = var.name
  })

  block_device_mappings {
    device_name = data.aws_ami.image.root_device_name

    ebs {
      delete_on_termination = "true"
      encrypted             = "true"
      volume_size           = var.gpu ? max(var.disk_gib, 75) : max(var.disk_gib, 8)
      volume_type           = "gp3"
    }
  }

  iam_instance_profile {
    name = var.instance_profile
  }

  dynamic "instance_market_options" {
    for_each = var.spot ? [1] : []

    content {
      market_type = "spot"

      spot_options {
        instance_interruption_behavior = "terminate"
        max_price                      = var.spot_max_usd
        spot_instance_type             = "one-time"
      }
    }
  }

  dynamic "tag_specifications" {
    for_each = var.spot ? [1] : []

    content {
      resource_type = "spot-instances-request"
      tags = merge(var.tags, {
        Name = var.name
      })
    }
  }

  lifecycle {
    ignore_changes = [image_id]
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_put_response_hop_limit = 1
    http_tokens                 = "required"
  }

  network_interfaces {
    associate_public_ip_address = tostring(var.public)
    delete_on_termination       = "true"
    device_index                = 0
    security_groups             = [var.security_group_id]
  }

  tag_specifications {
    resource_type = "instance"
    tags = merge(var.tags, {
      Name = var.name
    })
  }

  tag_specifications {
    resource_type = "volume"
    tags = merge(var.tags, {
      Name = var.name
    })
  }

  tag_specifications {
    resource_type = "network-interface"
    tags = merge(var.tags, {
      Name = var.name
    })
  }
}
