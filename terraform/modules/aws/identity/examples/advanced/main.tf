# Instances that share models in a bucket.

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

module "model_store" {
  source = "../../../model-store"
  bucket = "example-models-123456789012"
  providers = {
    aws         = aws
    aws.replica = aws
  }
}

module "identity" {
  source       = "../.."
  name         = "models-us-east-1"
  model_bucket = module.model_store.bucket
}

output "identity" {
  value = module.identity
}
