# Written by `make modules` from the construct that the stacks use. Change that, not this.

resource "aws_security_group" "balancer" {
  # checkov:skip=CKV_AWS_260: Port 80 is open to the listed networks alone; a rule of the variable keeps the world out.
  name        = "${var.name}-balancer"
  description = "FlowLlama balancer: who may ask, and which machines it asks"
  vpc_id      = var.vpc_id
  tags = merge(var.tags, {
    Name = "${var.name}-balancer"
  })

  egress {
    cidr_blocks = var.machine_cidrs
    description = "The machines"
    from_port   = var.port
    protocol    = "tcp"
    to_port     = var.port
  }

  ingress {
    cidr_blocks      = [for network in var.allow_cidrs : network if !strcontains(network, ":")]
    description      = "Allow-list and platform"
    from_port        = var.port
    ipv6_cidr_blocks = [for network in var.allow_cidrs : network if strcontains(network, ":")]
    protocol         = "tcp"
    to_port          = var.port
  }

  dynamic "ingress" {
    for_each = var.redirect ? [1] : []

    content {
      cidr_blocks      = [for network in var.allow_cidrs : network if !strcontains(network, ":")]
      description      = "Allow-list and platform"
      from_port        = 80
      ipv6_cidr_blocks = [for network in var.allow_cidrs : network if strcontains(network, ":")]
      protocol         = "tcp"
      to_port          = 80
    }
  }

  timeouts {
    create = "5m"
    delete = "15m"
  }
}

resource "aws_lb" "this" {
  # checkov:skip=CKV2_AWS_20: Plain HTTP is not served at all unless it is to be sent on.
  # checkov:skip=CKV2_AWS_28: Only listed networks reach it, and every path but two wants a token.
  # checkov:skip=CKV_AWS_150: A placement ends by itself; a protected balancer would keep it from that.
  # checkov:skip=CKV_AWS_91: Each machine's door logs every request, without its token.
  name                             = var.name
  desync_mitigation_mode           = "defensive"
  drop_invalid_header_fields       = true
  enable_cross_zone_load_balancing = true
  enable_deletion_protection       = var.protect
  enable_http2                     = true
  idle_timeout                     = 3600
  internal                         = var.internal
  load_balancer_type               = "application"
  security_groups                  = [aws_security_group.balancer.id]
  subnets                          = var.subnets
  tags = merge(var.tags, {
    Name = var.name
  })

  dynamic "access_logs" {
    for_each = var.log_bucket != null ? [1] : []

    content {
      bucket  = var.log_bucket
      enabled = true
      prefix  = var.log_prefix
    }
  }

  timeouts {
    create = "10m"
    delete = "15m"
    update = "10m"
  }
}

resource "aws_lb_target_group" "this" {
  name                              = var.name
  deregistration_delay              = "300"
  load_balancing_algorithm_type     = "least_outstanding_requests"
  load_balancing_cross_zone_enabled = "true"
  port                              = var.port
  protocol                          = "HTTPS"
  target_type                       = "instance"
  vpc_id                            = var.vpc_id
  tags = merge(var.tags, {
    Name = var.name
  })

  health_check {
    enabled             = true
    healthy_threshold   = 2
    interval            = 15
    matcher             = "200"
    path                = var.health_path
    port                = "traffic-port"
    protocol            = "HTTPS"
    timeout             = 10
    unhealthy_threshold = 6
  }
}

resource "aws_lb_listener" "this" {
  certificate_arn   = var.certificate_arn
  load_balancer_arn = aws_lb.this.arn
  port              = var.port
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
  tags              = var.tags

  default_action {
    target_group_arn = aws_lb_target_group.this.arn
    type             = "forward"
  }
}

resource "aws_lb_listener" "redirect" {
  count             = var.redirect ? 1 : 0
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"
  tags              = var.tags

  default_action {
    type = "redirect"

    redirect {
      port        = tostring(var.port)
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}
