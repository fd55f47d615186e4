# Written by `make modules` from the construct that the stacks use. Change that, not this.

variable "name" {
  description = "Name of the template and of its machines."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,63}$", var.name))
    error_message = "Must be 1 to 64 lower-case letters, digits or dashes, beginning with a letter."
  }
}

variable "type" {
  description = "Machine type; a scaling group may name others of the same architecture."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9-]{2,24}\\.[a-z0-9-]{2,24}$", var.type))
    error_message = "Must be a machine type like g5.xlarge."
  }
}

variable "arch" {
  description = "Architecture of the machine type; it decides the image."
  type        = string
  default     = "x86_64"
  nullable    = false

  validation {
    condition     = contains(["x86_64", "arm64"], var.arch)
    error_message = "Must be x86_64 or arm64."
  }
}

variable "gpu" {
  description = "Whether the machine has an NVIDIA GPU; it decides the image."
  type        = bool
  default     = false
  nullable    = false
}

variable "disk_gib" {
  description = "Size of the disk. It is never smaller than the image needs."
  type        = number
  nullable    = false

  validation {
    condition     = var.disk_gib >= 1 && var.disk_gib <= 16384
    error_message = "Must be from 1 to 16384."
  }
}

variable "security_group_id" {
  description = "Firewall of the machines."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^sg-[0-9a-f]{8,17}$", var.security_group_id))
    error_message = "Must be the id of a security group."
  }
}

variable "instance_profile" {
  description = "Name of the instance profile."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,128}$", var.instance_profile))
    error_message = "Must be the name of an instance profile."
  }
}

variable "public" {
  description = "Whether machines get a public address; without NAT they need one."
  type        = bool
  default     = false
  nullable    = false
}

variable "user_data" {
  description = "What cloud-init does at the first boot, as base64."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+/]*={0,2}$", var.user_data))
    error_message = "Must be base64."
  }
}

variable "spot" {
  description = "Spot for machines started from the template alone. A scaling group chooses itself and refuses a template that has."
  type        = bool
  default     = false
  nullable    = false
}

variable "spot_max_usd" {
  description = "Most that an hour of spot may cost; null means the on-demand price."
  type        = string
  default     = null

  validation {
    condition     = var.spot_max_usd == null || can(regex("^[0-9]{1,4}(\\.[0-9]{1,6})?$", var.spot_max_usd))
    error_message = "Must be US dollars, such as 0.61."
  }
}

variable "tags" {
  description = "More tags on everything that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
