# Written by `make modules` from the construct that the stacks use. Change that, not this.

variable "name" {
  description = "Names the VPC, with the region behind it, and all in it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$", var.name))
    error_message = "Must be 1 to 32 lower-case letters, digits or dashes, beginning with a letter and ending with none."
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

variable "cidr" {
  description = "The range: its lower half is for machines, a quarter each for the ranges `pods` and `services`."
  type        = string
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.cidr)) && try(cidrsubnet(var.cidr, 0, 0), null) == var.cidr
    error_message = "Must be an IPv4 network in CIDR notation, such as 10.64.0.0/16, without host bits."
  }

  validation {
    condition     = try(tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 24, false)
    error_message = "Must be from /16 to /24."
  }

  validation {
    condition = anytrue([
      for supernet in ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"] :
      try(cidrhost("${split("/", var.cidr)[0]}/${split("/", supernet)[1]}", 0) == split("/", supernet)[0], false)
    ])
    error_message = "Must lie inside one of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10."
  }
}

variable "zones" {
  description = "Zones of the region."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(distinct(var.zones)) == length(var.zones) && length(var.zones) >= 1 && length(var.zones) <= 8
    error_message = "Must be 1 to 8, each of them once."
  }
}

variable "lean" {
  description = "No NAT and no flow log, so nothing that costs while nobody uses it."
  type        = bool
  default     = false
  nullable    = false
}

variable "labels" {
  description = "More labels on everything that takes labels."
  type        = map(string)
  default     = {}
  nullable    = false
}
