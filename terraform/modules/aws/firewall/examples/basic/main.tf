# Machines that one network may use.

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
  source      = "../.."
  name        = "models"
  vpc_id      = module.network.vpc_id
  allow_cidrs = ["203.0.113.0/24"]
}

output "firewall" {
  value = module.firewall
}
