# Written by `make modules` from the construct that the stacks use. Change that, not this.

resource "aws_security_group" "this" {
  # checkov:skip=CKV2_AWS_5: It is attached to machines, which are outside of this module.
  name        = var.name
  description = "FlowLlama placement: Ollama behind TLS and a token"
  vpc_id      = var.vpc_id
  tags = merge(var.tags, {
    Name = var.name
  })

  egress {
    cidr_blocks      = ["0.0.0.0/0"]
    description      = "Packages and models"
    from_port        = 80
    ipv6_cidr_blocks = ["::/0"]
    protocol         = "tcp"
    to_port          = 80
  }

  egress {
    cidr_blocks      = ["0.0.0.0/0"]
    description      = "Packages and models"
    from_port        = 443
    ipv6_cidr_blocks = ["::/0"]
    protocol         = "tcp"
    to_port          = 443
  }

  dynamic "ingress" {
    for_each = length(var.allow_cidrs) > 0 ? [1] : []

    content {
      cidr_blocks      = [for network in var.allow_cidrs : network if !strcontains(network, ":")]
      description      = "Allow-list"
      from_port        = 11434
      ipv6_cidr_blocks = [for network in var.allow_cidrs : network if strcontains(network, ":")]
      protocol         = "tcp"
      to_port          = 11434
    }
  }

  dynamic "ingress" {
    for_each = length(setsubtract(var.service_cidrs, var.allow_cidrs)) > 0 ? [1] : []

    content {
      cidr_blocks = [
        for network in setsubtract(var.service_cidrs, var.allow_cidrs) : network if !strcontains(network, ":")
      ]
      description = "Platform"
      from_port   = 11434
      ipv6_cidr_blocks = [
        for network in setsubtract(var.service_cidrs, var.allow_cidrs) : network if strcontains(network, ":")
      ]
      protocol = "tcp"
      to_port  = 11434
    }
  }

  dynamic "ingress" {
    for_each = length(var.ssh_cidrs) > 0 ? [1] : []

    content {
      cidr_blocks      = [for network in var.ssh_cidrs : network if !strcontains(network, ":")]
      description      = "SSH"
      from_port        = 22
      ipv6_cidr_blocks = [for network in var.ssh_cidrs : network if strcontains(network, ":")]
      protocol         = "tcp"
      to_port          = 22
    }
  }

  dynamic "ingress" {
    for_each = var.balancer_group_id != null ? [1] : []

    content {
      description     = "Balancer"
      from_port       = 11434
      protocol        = "tcp"
      security_groups = [var.balancer_group_id]
      to_port         = 11434
    }
  }

  lifecycle {
    ignore_changes = [name]
  }

  timeouts {
    create = "5m"
    delete = "10m"
  }
}
