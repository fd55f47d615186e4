# Written by `make modules` from the construct that the stacks use. Change that, not this.

variable "name" {
  description = "Name of the group and of its parts."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$", var.name))
    error_message = "Must be 1 to 40 lower-case letters, digits or dashes, beginning with a letter and ending with none."
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

variable "zones" {
  description = "Zones of the region. They never change once the group stands."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(distinct(var.zones)) == length(var.zones) && length(var.zones) >= 1 && length(var.zones) <= 8
    error_message = "Must be 1 to 8, each of them once."
  }
}

variable "template_id" {
  description = "The instance template; another rolls the group."
  type        = string
  nullable    = false
}

variable "least" {
  description = "Fewest machines."
  type        = number
  nullable    = false

  validation {
    condition     = var.least >= 1 && var.least <= 100
    error_message = "Must be from 1 to 100."
  }
}

variable "most" {
  description = "Most machines."
  type        = number
  nullable    = false

  validation {
    condition     = var.most >= 1 && var.most <= 100
    error_message = "Must be from 1 to 100."
  }

  validation {
    condition     = var.most >= var.least
    error_message = "Must not be less than `least`."
  }
}

variable "signal" {
  description = "`cpu`, or `requests` as a balancer counts them; of use with a GPU, where the CPU idles."
  type        = string
  default     = "cpu"
  nullable    = false

  validation {
    condition     = contains(["cpu", "requests"], var.signal)
    error_message = "Must be cpu or requests."
  }
}

variable "disk_gib" {
  description = "Size of the machines' disk. It bounds the model, and so how long a boot may take."
  type        = number
  nullable    = false

  validation {
    condition     = var.disk_gib >= 1 && var.disk_gib <= 65536
    error_message = "Must be from 1 to 65536."
  }
}
