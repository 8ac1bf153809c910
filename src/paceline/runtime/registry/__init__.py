"""The contracts of a workspace behind the Confluent Schema Registry REST API."""
