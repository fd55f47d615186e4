# Written by `make modules` from the construct that the stacks use. Change that, not this.

variable "name" {
  description = "Names what copies the models."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$", var.name))
    error_message = "Must be 1 to 32 lower-case letters, digits or dashes, beginning with a letter and ending with none."
  }
}

variable "project" {
  description = "Project of the bucket."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "Must be a project id."
  }
}

variable "bucket" {
  description = "Name of the bucket, unique in all of Cloud Storage."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "Must be the name of a bucket."
  }
}

variable "region" {
  description = "Region."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+(-[a-z]+)+[0-9]{1,2}$", var.region))
    error_message = "Must be a region name."
  }
}

variable "key_id" {
  description = "KMS key that encrypts the bucket; without it Google does with its own."
  type        = string
  default     = null

  validation {
    condition     = var.key_id == null || can(regex("^projects/.+/locations/.+/keyRings/.+/cryptoKeys/.+$", var.key_id))
    error_message = "Must be projects/…/locations/…/keyRings/…/cryptoKeys/…."
  }
}

variable "replica_bucket" {
  description = "Name of the copy."
  type        = string
  default     = null

  validation {
    condition     = var.replica_bucket == null || can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", var.replica_bucket))
    error_message = "Must be the name of a bucket."
  }
}

variable "replica_region" {
  description = "Region of the copy."
  type        = string
  default     = null

  validation {
    condition     = var.replica_region == null || can(regex("^[a-z]+(-[a-z]+)+[0-9]{1,2}$", var.replica_region))
    error_message = "Must be a region name."
  }

  validation {
    condition     = var.replica_bucket == null || var.replica_region != null
    error_message = "Must be given where there is a `replica_bucket`."
  }
}

variable "replica_key_id" {
  description = "KMS key in the copy's region."
  type        = string
  default     = null

  validation {
    condition     = var.replica_key_id == null || can(regex("^projects/.+/locations/.+/keyRings/.+/cryptoKeys/.+$", var.replica_key_id))
    error_message = "Must be projects/…/locations/…/keyRings/…/cryptoKeys/…."
  }
}

variable "labels" {
  description = "More labels on everything that takes labels."
  type        = map(string)
  default     = {}
  nullable    = false
}
