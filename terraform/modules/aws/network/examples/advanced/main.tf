# Private subnets in three zones that share one NAT gateway.

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
  source = "../.."
  name   = "models"
  cidr   = "10.64.0.0/16"
  zones  = ["us-east-1a", "us-east-1b", "us-east-1c"]
  nat    = "one"
  tags = {
    team = "models"
  }
}

output "network" {
  value = module.network
}
