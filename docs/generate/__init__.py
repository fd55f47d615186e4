"""Files that are made from the code: JSON Schemas, OpenAPI, the data model, the state machine, the message table."""
