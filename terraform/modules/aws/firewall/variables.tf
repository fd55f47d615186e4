# Written by `make modules` from the construct that the stacks use. Change that, not this.

variable "name" {
  description = "Name of the group, unique in the VPC."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,63}$", var.name))
    error_message = "Must be 1 to 64 lower-case letters, digits or dashes, beginning with a letter."
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

variable "allow_cidrs" {
  description = "Networks of users. Empty behind a balancer."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for network in var.allow_cidrs : try(cidrsubnet(network, 0, 0) == network && tonumber(split("/", network)[1]) >= (strcontains(network, ":") ? 16 : 8), false)
    ])
    error_message = "Must be networks in CIDR notation without host bits, /8 or smaller, IPv6 /16 or smaller: never 0.0.0.0/0."
  }
}

variable "service_cidrs" {
  description = "Networks of whoever watches the machines."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for network in var.service_cidrs : try(cidrsubnet(network, 0, 0) == network && tonumber(split("/", network)[1]) >= (strcontains(network, ":") ? 16 : 8), false)
    ])
    error_message = "Must be networks in CIDR notation without host bits, /8 or smaller, IPv6 /16 or smaller: never 0.0.0.0/0."
  }
}

variable "ssh_cidrs" {
  description = "Networks that may reach port 22."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for network in var.ssh_cidrs : try(cidrsubnet(network, 0, 0) == network && tonumber(split("/", network)[1]) >= (strcontains(network, ":") ? 16 : 8), false)
    ])
    error_message = "Must be networks in CIDR notation without host bits, /8 or smaller, IPv6 /16 or smaller: never 0.0.0.0/0."
  }
}

variable "balancer_group_id" {
  description = "Security group of the balancer that stands before the machines."
  type        = string
  default     = null

  validation {
    condition     = var.balancer_group_id == null || length(var.allow_cidrs) == 0
    error_message = "Behind a balancer it is the balancer that admits the allow-list."
  }
}

variable "tags" {
  description = "More tags on everything that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
