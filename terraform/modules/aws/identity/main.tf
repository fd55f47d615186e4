# Written by `make modules` from the construct that the stacks use. Change that, not this.

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

resource "aws_iam_role" "this" {
  name = var.name
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Principal = {
          Service = "ec2.amazonaws.com"
        }
        Action = "sts:AssumeRole"
      }
    ]
  })
  description = "What a FlowLlama instance may do: write its logs"
  tags        = var.tags
}

resource "aws_iam_role_policy" "this" {
  name = "write-logs"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "WriteLogs"
        Effect = "Allow"
        Action = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = [
          "arn:aws:logs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:log-group:/flowllama/*",
          "arn:aws:logs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:log-group:/flowllama/*:log-stream:*"
        ]
      }
    ]
  })
  role = aws_iam_role.this.name
}

resource "aws_iam_role_policy" "model" {
  count = var.model_bucket != null ? 1 : 0
  name  = "share-models"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "List"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = "arn:aws:s3:::${var.model_bucket}"
        Condition = {
          StringLikeIfExists = {
            "s3:prefix" = "models/*"
          }
        }
      },
      {
        Sid      = "ReadAndWrite"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"]
        Resource = "arn:aws:s3:::${var.model_bucket}/models/*"
      }
      ], var.model_key_arn != null ? [
      {
        Sid       = "Encrypt"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = var.model_key_arn
        Condition = { StringEquals = { "kms:ViaService" = "s3.${split(":", var.model_key_arn)[3]}.amazonaws.com" } }
      },
    ] : [])
  })
  role = aws_iam_role.this.name
}

resource "aws_iam_instance_profile" "this" {
  name = var.name
  role = aws_iam_role.this.name
  tags = var.tags
}
