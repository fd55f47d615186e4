# A machine with a GPU, in a lean network.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region = "us-east-1"
}

module "network" {
  source = "../../../network"
  name   = "models"
  cidr   = "10.64.0.0/16"
  zones  = ["us-east-1a", "us-east-1b"]
  lean   = true
}

module "firewall" {
  source      = "../../../firewall"
  name        = "models"
  vpc_id      = module.network.vpc_id
  allow_cidrs = ["203.0.113.0/24"]
}

module "identity" {
  source = "../../../identity"
  name   = "models-us-east-1"
}

module "template" {
  source            = "../.."
  name              = "models"
  type              = "g5.xlarge"
  gpu               = true
  disk_gib          = 60
  security_group_id = module.firewall.group_id
  instance_profile  = module.identity.profile_name
  public            = true
}

output "template" {
  value = module.template
}
