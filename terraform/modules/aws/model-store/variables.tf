# Written by `make modules` from the construct that the stacks use. Change that, not this.

variable "bucket" {
  description = "Name of the bucket, unique in all of S3."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "Must be an S3 bucket name without dots."
  }
}

variable "key_arn" {
  description = "KMS key that encrypts the bucket; without it S3 does with its own."
  type        = string
  default     = null

  validation {
    condition     = var.key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-f-]{36}$", var.key_arn))
    error_message = "Must be the ARN of a KMS key."
  }
}

variable "replica_bucket" {
  description = "Name of the copy, in the region of `aws.replica`."
  type        = string
  default     = null

  validation {
    condition     = var.replica_bucket == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.replica_bucket))
    error_message = "Must be an S3 bucket name without dots."
  }
}

variable "replica_key_arn" {
  description = "KMS key in the copy's region, where `key_arn` is set."
  type        = string
  default     = null

  validation {
    condition     = var.replica_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-f-]{36}$", var.replica_key_arn))
    error_message = "Must be the ARN of a KMS key."
  }

  validation {
    condition     = var.replica_bucket == null || (var.replica_key_arn == null) == (var.key_arn == null)
    error_message = "The bucket and its copy have both a key or neither."
  }
}

variable "tags" {
  description = "More tags on everything that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
