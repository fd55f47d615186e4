# One bucket, encrypted by Google.

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
  source  = "../.."
  name    = "models"
  bucket  = "example-models"
  project = "my-project"
  region  = "us-central1"
}

output "model_store" {
  value = module.model_store
}
