# Written by `make modules` from the construct that the stacks use. Change that, not this.

variable "name" {
  description = "Name of the balancer and of its parts."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$", var.name))
    error_message = "Must be 1 to 40 lower-case letters, digits or dashes, beginning with a letter and ending with none."
  }
}

variable "instance_group" {
  description = "The group of machines."
  type        = string
  nullable    = false
}

variable "parallel" {
  description = "How many answers a machine writes at a time; its share of the requests follows from it."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.parallel >= 1 && var.parallel <= 64
    error_message = "Must be from 1 to 64."
  }
}

variable "cidrs" {
  description = "Networks that may call."
  type        = list(string)
  nullable    = false

  validation {
    condition = alltrue([
      for network in var.cidrs : try(cidrsubnet(network, 0, 0) == network && tonumber(split("/", network)[1]) >= (strcontains(network, ":") ? 16 : 8), false)
    ])
    error_message = "Must be networks in CIDR notation without host bits, /8 or smaller, IPv6 /16 or smaller: never 0.0.0.0/0."
  }

  validation {
    condition     = length(var.cidrs) > 0
    error_message = "Must name at least one network."
  }
}

variable "certificate" {
  description = "Link of an SSL certificate."
  type        = string
  default     = null
}

variable "host" {
  description = "Name that Google shall keep a certificate for, once it leads to the balancer. Another host needs another `name`."
  type        = string
  default     = null

  validation {
    condition     = var.host == null || can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.host))
    error_message = "Must be a host name."
  }

  validation {
    condition     = (var.certificate == null) != (var.host == null)
    error_message = "Must be given unless `certificate` is, and not with it."
  }
}

variable "labels" {
  description = "More labels on everything that takes labels."
  type        = map(string)
  default     = {}
  nullable    = false
}
