"""Pages that are made from the written stacks: what stands there is what Terraform would build."""
