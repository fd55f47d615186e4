# One bucket, encrypted by S3.

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

provider "aws" {
  alias  = "replica"
  region = "us-west-2"
}

module "model_store" {
  source = "../.."
  bucket = "example-models-123456789012"
  providers = {
    aws         = aws
    aws.replica = aws.replica
  }
}

output "model_store" {
  value = module.model_store
}
