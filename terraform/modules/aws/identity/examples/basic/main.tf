# Instances that write logs.

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

module "identity" {
  source = "../.."
  name   = "models-us-east-1"
}

output "identity" {
  value = module.identity
}
