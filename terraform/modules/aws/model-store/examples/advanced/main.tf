# A bucket and its copy in a second region, each encrypted by a key there.

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

resource "aws_kms_key" "here" {
  description         = "Models"
  enable_key_rotation = true
}

resource "aws_kms_key" "there" {
  provider            = aws.replica
  description         = "Models, the copy"
  enable_key_rotation = true
}

module "model_store" {
  source = "../.."
  bucket = "example-models-123456789012"
  providers = {
    aws         = aws
    aws.replica = aws.replica
  }
  key_arn         = aws_kms_key.here.arn
  replica_bucket  = "example-models-123456789012-us-west-2"
  replica_key_arn = aws_kms_key.there.arn
}

output "model_store" {
  value = module.model_store
}
