# Written by `make modules` from the construct that the stacks use. Change that, not this.

variable "name" {
  description = "Names the role and its profile. Unique in the account, so put the region into it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,63}$", var.name))
    error_message = "Must be 1 to 64 lower-case letters, digits or dashes, beginning with a letter."
  }
}

variable "model_bucket" {
  description = "Bucket whose `models/` instances share."
  type        = string
  default     = null

  validation {
    condition     = var.model_bucket == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.model_bucket))
    error_message = "Must be an S3 bucket name without dots."
  }
}

variable "model_key_arn" {
  description = "KMS key that encrypts the bucket, where one of your own does."
  type        = string
  default     = null

  validation {
    condition     = var.model_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-f-]{36}$", var.model_key_arn))
    error_message = "Must be the ARN of a KMS key."
  }
}

variable "tags" {
  description = "More tags on everything that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
