# Written by `make modules` from the construct that the stacks use. Change that, not this.

variable "name" {
  description = "Name of the balancer and its parts."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,31}$", var.name))
    error_message = "Must be 1 to 32 lower-case letters, digits or dashes, beginning with a letter."
  }
}

variable "vpc_id" {
  description = "Id of the VPC."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^vpc-[0-9a-f]{8,17}$", var.vpc_id))
    error_message = "Must be the id of a VPC."
  }
}

variable "subnets" {
  description = "Ids of subnets in two zones or more."
  type        = list(string)
  nullable    = false

  validation {
    condition     = alltrue([for subnet in var.subnets : can(regex("^subnet-[0-9a-f]{8,17}$", subnet))])
    error_message = "Must be ids of subnets."
  }
}

variable "certificate_arn" {
  description = "Certificate of ACM's, in this region."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:acm:.+:certificate/.+$", var.certificate_arn))
    error_message = "Must be the ARN of a certificate."
  }
}

variable "port" {
  description = "Port of the balancer and of the machines."
  type        = number
  default     = 11434
  nullable    = false

  validation {
    condition     = var.port >= 1 && var.port <= 65535
    error_message = "Must be from 1 to 65535."
  }
}

variable "allow_cidrs" {
  description = "Networks that may call."
  type        = list(string)
  nullable    = false

  validation {
    condition = alltrue([
      for network in var.allow_cidrs : try(cidrsubnet(network, 0, 0) == network && tonumber(split("/", network)[1]) >= (strcontains(network, ":") ? 16 : 8), false)
    ])
    error_message = "Must be networks in CIDR notation without host bits, /8 or smaller, IPv6 /16 or smaller: never 0.0.0.0/0."
  }
}

variable "machine_cidrs" {
  description = "Networks in which the machines lie."
  type        = list(string)
  nullable    = false

  validation {
    condition = length(var.machine_cidrs) > 0 && alltrue([
      for network in var.machine_cidrs : try(cidrsubnet(network, 0, 0) == network, false)
    ])
    error_message = "Must be networks in CIDR notation without host bits."
  }
}

variable "health_path" {
  description = "Path that answers 200 when a machine is fit."
  type        = string
  default     = "/api/tags"
  nullable    = false
}

variable "internal" {
  description = "Whether only the VPC reaches it."
  type        = bool
  default     = false
  nullable    = false
}

variable "redirect" {
  description = "Whether port 80 sends on to HTTPS."
  type        = bool
  default     = false
  nullable    = false
}

variable "protect" {
  description = "Whether the balancer refuses to be deleted."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_bucket" {
  description = "Bucket for access logs, which admits the region's balancers."
  type        = string
  default     = null

  validation {
    condition     = var.log_bucket == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.log_bucket))
    error_message = "Must be an S3 bucket name without dots."
  }
}

variable "log_prefix" {
  description = "Where in that bucket."
  type        = string
  default     = ""
  nullable    = false
}

variable "tags" {
  description = "More tags on everything that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
