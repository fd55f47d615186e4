# Instances that share models in a bucket.

terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }
}

provider "google" {
  project = "my-project"
  region  = "us-central1"
}

module "model_store" {
  source  = "../../../model-store"
  name    = "models"
  bucket  = "example-models"
  project = "my-project"
  region  = "us-central1"
}

module "identity" {
  source       = "../.."
  name         = "models-us"
  project      = "my-project"
  model_bucket = module.model_store.bucket
}

output "identity" {
  value = module.identity
}
