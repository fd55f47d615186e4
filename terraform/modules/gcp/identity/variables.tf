# Written by `make modules` from the construct that the stacks use. Change that, not this.

variable "name" {
  description = "Names the account, unique in the project."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.name))
    error_message = "Must be 6 to 30 lower-case letters, digits or dashes."
  }
}

variable "project" {
  description = "Project of the account."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "Must be a project id."
  }
}

variable "model_bucket" {
  description = "Bucket whose `models/` instances share."
  type        = string
  default     = null

  validation {
    condition     = var.model_bucket == null || can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", var.model_bucket))
    error_message = "Must be the name of a bucket."
  }
}
