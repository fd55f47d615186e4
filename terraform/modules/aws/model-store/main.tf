# Written by `make modules` from the construct that the stacks use. Change that, not this.

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

data "aws_region" "replica" {
  provider = aws.replica
}

resource "aws_s3_bucket" "models" {
  # checkov:skip=CKV2_AWS_62: Nothing acts on an object being written.
  # checkov:skip=CKV_AWS_18: Only roles of the platform get in, and CloudTrail names them; a second bucket of lines does not.
  bucket        = var.bucket
  force_destroy = false
  tags          = var.tags
}

resource "aws_s3_bucket_ownership_controls" "models" {
  bucket = aws_s3_bucket.models.bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "models" {
  bucket                  = aws_s3_bucket.models.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "models" {
  bucket = aws_s3_bucket.models.bucket
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyByTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource = [
          aws_s3_bucket.models.arn,
          "${aws_s3_bucket.models.arn}/*"
        ]
        Condition = {
          Bool = {
            "aws:SecureTransport" = "false"
          }
        }
      }
    ]
  })
  depends_on = [aws_s3_bucket_public_access_block.models]
}

resource "aws_s3_bucket_versioning" "models" {
  bucket = aws_s3_bucket.models.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "models" {
  bucket = aws_s3_bucket.models.bucket

  rule {
    bucket_key_enabled = var.key_arn != null ? true : null

    apply_server_side_encryption_by_default {
      kms_master_key_id = var.key_arn
      sse_algorithm     = var.key_arn != null ? "aws:kms" : "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "models" {
  bucket     = aws_s3_bucket.models.bucket
  depends_on = [aws_s3_bucket_versioning.models]

  rule {
    id     = "cheaper-when-unread"
    status = "Enabled"

    filter {
      prefix = ""
    }

    transition {
      days          = 0
      storage_class = "INTELLIGENT_TIERING"
    }
  }

  rule {
    id     = "no-leftovers"
    status = "Enabled"

    abort_incomplete_multipart_upload {
      days_after_initiation = 3
    }

    expiration {
      expired_object_delete_marker = true
    }

    filter {
      prefix = ""
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }
  }
}

resource "aws_s3_bucket" "replica" {
  # checkov:skip=CKV2_AWS_62: Nothing acts on an object being written.
  # checkov:skip=CKV_AWS_18: Only roles of the platform get in, and CloudTrail names them; a second bucket of lines does not.
  count         = var.replica_bucket != null ? 1 : 0
  provider      = aws.replica
  bucket        = var.replica_bucket
  force_destroy = false
  tags          = var.tags
}

resource "aws_s3_bucket_ownership_controls" "replica" {
  count    = var.replica_bucket != null ? 1 : 0
  provider = aws.replica
  bucket   = aws_s3_bucket.replica[0].bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "replica" {
  count                   = var.replica_bucket != null ? 1 : 0
  provider                = aws.replica
  bucket                  = aws_s3_bucket.replica[0].bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "replica" {
  count    = var.replica_bucket != null ? 1 : 0
  provider = aws.replica
  bucket   = aws_s3_bucket.replica[0].bucket
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyByTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource = [
          aws_s3_bucket.replica[0].arn,
          "${aws_s3_bucket.replica[0].arn}/*"
        ]
        Condition = {
          Bool = {
            "aws:SecureTransport" = "false"
          }
        }
      }
    ]
  })
  depends_on = [aws_s3_bucket_public_access_block.replica]
}

resource "aws_s3_bucket_versioning" "replica" {
  count    = var.replica_bucket != null ? 1 : 0
  provider = aws.replica
  bucket   = aws_s3_bucket.replica[0].bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "replica" {
  count    = var.replica_bucket != null ? 1 : 0
  provider = aws.replica
  bucket   = aws_s3_bucket.replica[0].bucket

  rule {
    bucket_key_enabled = var.key_arn != null ? true : null

    apply_server_side_encryption_by_default {
      kms_master_key_id = var.key_arn != null ? var.replica_key_arn : null
      sse_algorithm     = var.key_arn != null ? "aws:kms" : "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "replica" {
  count      = var.replica_bucket != null ? 1 : 0
  provider   = aws.replica
  bucket     = aws_s3_bucket.replica[0].bucket
  depends_on = [aws_s3_bucket_versioning.replica]

  rule {
    id     = "cheaper-when-unread"
    status = "Enabled"

    filter {
      prefix = ""
    }

    transition {
      days          = 0
      storage_class = "INTELLIGENT_TIERING"
    }
  }

  rule {
    id     = "no-leftovers"
    status = "Enabled"

    abort_incomplete_multipart_upload {
      days_after_initiation = 3
    }

    expiration {
      expired_object_delete_marker = true
    }

    filter {
      prefix = ""
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }
  }
}

resource "aws_iam_role" "replication" {
  count = var.replica_bucket != null ? 1 : 0
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Principal = {
          Service = "s3.amazonaws.com"
        }
        Action = "sts:AssumeRole"
        Condition = {
          StringEqualsIfExists = {
            "aws:SourceAccount" = data.aws_caller_identity.current.account_id
          }
        }
      }
    ]
  })
  description = "What S3 may do to copy models to the second region"
  name_prefix = "flowllama-replication-"
  tags        = var.tags
}

resource "aws_iam_role_policy" "replication" {
  count = var.replica_bucket != null ? 1 : 0
  name  = "copy-models"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "Look"
        Effect   = "Allow"
        Action   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
        Resource = aws_s3_bucket.models.arn
      },
      {
        Sid      = "Read"
        Effect   = "Allow"
        Action   = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"]
        Resource = "${aws_s3_bucket.models.arn}/models/*"
      },
      {
        Sid      = "Write"
        Effect   = "Allow"
        Action   = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]
        Resource = "${aws_s3_bucket.replica[0].arn}/models/*"
      }
      ], var.key_arn != null ? [
      {
        Sid       = "Decrypt"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = var.key_arn
        Condition = { StringEquals = { "kms:ViaService" = "s3.${data.aws_region.current.name}.amazonaws.com" } }
      },
      {
        Sid       = "Encrypt"
        Effect    = "Allow"
        Action    = "kms:Encrypt"
        Resource  = var.replica_key_arn
        Condition = { StringEquals = { "kms:ViaService" = "s3.${data.aws_region.replica.name}.amazonaws.com" } }
      },
    ] : [])
  })
  role = aws_iam_role.replication[0].id
}

resource "aws_s3_bucket_replication_configuration" "this" {
  count  = var.replica_bucket != null ? 1 : 0
  bucket = aws_s3_bucket.models.bucket
  role   = aws_iam_role.replication[0].arn
  depends_on = [
    aws_s3_bucket_versioning.models,
    aws_s3_bucket_versioning.replica,
    aws_iam_role_policy.replication,
  ]

  rule {
    id       = "models"
    priority = 1
    status   = "Enabled"

    delete_marker_replication {
      status = "Disabled"
    }

    destination {
      bucket = aws_s3_bucket.replica[0].arn

      dynamic "encryption_configuration" {
        for_each = var.key_arn != null ? [1] : []

        content {
          replica_kms_key_id = var.replica_key_arn
        }
      }

      metrics {
        status = "Enabled"
      }
    }

    filter {
      prefix = "models/"
    }

    dynamic "source_selection_criteria" {
      for_each = var.key_arn != null ? [1] : []

      content {
        sse_kms_encrypted_objects {
          status = "Enabled"
        }
      }
    }
  }
}
