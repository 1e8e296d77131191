"""The broker on Apache Kafka 4, by confluent-kafka (librdkafka)."""
