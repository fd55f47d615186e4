# Written by `make modules` from the construct that the stacks use. Change that, not this.

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

resource "aws_vpc" "this" {
  # checkov:skip=CKV2_AWS_11: The lean form costs nothing while nobody uses it, and keeps no record.
  cidr_block           = var.cidr
  enable_dns_hostnames = var.lean ? null : true
  enable_dns_support   = true
  tags = merge(var.tags, {
    Name = var.name
  })
}

resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
  tags   = var.tags
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags = merge(var.tags, {
    Name = var.name
  })
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id
  tags = merge(var.tags, {
    Name = "${var.name}-public"
  })

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this.id
  }
}

resource "aws_subnet" "public" {
  for_each                = toset(var.zones)
  availability_zone       = each.key
  cidr_block              = cidrsubnet(var.cidr, 4, index(var.zones, each.key))
  map_public_ip_on_launch = false
  vpc_id                  = aws_vpc.this.id
  tags = merge(var.tags, {
    Name = "${var.name}-public-${each.key}"
  })
}

resource "aws_route_table_association" "public" {
  for_each       = toset(var.zones)
  route_table_id = aws_route_table.public.id
  subnet_id      = aws_subnet.public[each.key].id
}

resource "aws_cloudwatch_log_group" "flow" {
  # checkov:skip=CKV_AWS_158: A network has no customer key; the log service encrypts with its own.
  # checkov:skip=CKV_AWS_338: Addresses of who called are personal data: thirty days settle a dispute and no more is kept.
  count             = var.lean ? 0 : 1
  name              = "/flowllama-flow/${var.name}"
  retention_in_days = 30
  tags              = var.tags
}

resource "aws_iam_role" "flow_log" {
  count = var.lean ? 0 : 1
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Principal = {
          Service = "vpc-flow-logs.amazonaws.com"
        }
        Action = "sts:AssumeRole"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = data.aws_caller_identity.current.account_id
          }
          ArnLike = {
            "aws:SourceArn" = "arn:aws:ec2:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:vpc-flow-log/*"
          }
        }
      }
    ]
  })
  name_prefix = "flowllama-flow-log-"
  tags        = var.tags
}

resource "aws_iam_role_policy" "flow_log" {
  count = var.lean ? 0 : 1
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Write"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
        Resource = "${aws_cloudwatch_log_group.flow[0].arn}:*"
      }
    ]
  })
  role = aws_iam_role.flow_log[0].id
}

resource "aws_flow_log" "this" {
  count           = var.lean ? 0 : 1
  iam_role_arn    = aws_iam_role.flow_log[0].arn
  log_destination = aws_cloudwatch_log_group.flow[0].arn
  traffic_type    = "ALL"
  vpc_id          = aws_vpc.this.id
  tags = merge(var.tags, {
    Name = var.name
  })
}

resource "aws_eip" "nat" {
  for_each = toset(var.lean ? [] : (var.nat == "one" ? [var.zones[0]] : var.zones))
  domain   = "vpc"
  tags = merge(var.tags, {
    Name = "${var.name}-${each.key}"
  })
  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "this" {
  for_each      = toset(var.lean ? [] : (var.nat == "one" ? [var.zones[0]] : var.zones))
  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.public[each.key].id
  tags = merge(var.tags, {
    Name = "${var.name}-${each.key}"
  })
  depends_on = [aws_internet_gateway.this]
}

resource "aws_route_table" "private" {
  for_each = toset(var.lean ? [] : var.zones)
  vpc_id   = aws_vpc.this.id
  tags = merge(var.tags, {
    Name = "${var.name}-private-${each.key}"
  })

  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = var.nat == "one" ? aws_nat_gateway.this[var.zones[0]].id : aws_nat_gateway.this[each.key].id
  }
}

resource "aws_vpc_endpoint" "s3" {
  count             = var.lean ? 0 : 1
  route_table_ids   = [for table in aws_route_table.private : table.id]
  service_name      = "com.amazonaws.${data.aws_region.current.name}.s3"
  vpc_endpoint_type = "Gateway"
  vpc_id            = aws_vpc.this.id
  tags = merge(var.tags, {
    Name = "${var.name}-s3"
  })
}

resource "aws_subnet" "private" {
  for_each                = toset(var.lean ? [] : var.zones)
  availability_zone       = each.key
  cidr_block              = cidrsubnet(var.cidr, 4, 8 + index(var.zones, each.key))
  map_public_ip_on_launch = false
  vpc_id                  = aws_vpc.this.id
  tags = merge(var.tags, {
    Name = "${var.name}-private-${each.key}"
  })
}

resource "aws_route_table_association" "private" {
  for_each       = toset(var.lean ? [] : var.zones)
  route_table_id = aws_route_table.private[each.key].id
  subnet_id      = aws_subnet.private[each.key].id
}
