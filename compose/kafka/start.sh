#!/bin/sh
# Starts Kafka. The first time it formats its storage, with a user for each password that there is.
set -eu
cd "$(dirname "$0")"
programs="${KAFKA_HOME:-/opt/kafka}/bin"
secrets="${KAFKA_SECRETS:-/run/secrets}"
settings="$(mktemp)" # which nobody else may read

self="$(cat "$secrets/kafka_broker_password")"
login='org.apache.kafka.common.security'
{
  cat node.properties security.properties
  printf 'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=%s.scram.ScramLoginModule ' "$login"
  printf 'required username="broker" password="%s";\n' "$self"
  printf 'listener.name.controller.plain.sasl.jaas.config=%s.plain.PlainLoginModule ' "$login"
  printf 'required username="broker" password="%s" user_broker="%s";\n' "$self" "$self"
} >"$settings"

for file in "$secrets"/kafka_*_password; do
  user="${file##*/kafka_}"
  set -- "$@" --add-scram "SCRAM-SHA-512=[name=${user%_password},password=$(cat "$file")]"
done
# It would also show what passwords are checked against.
"$programs/kafka-storage.sh" format --ignore-formatted --cluster-id "$CLUSTER_ID" \
  --config "$settings" "$@" >/dev/null
exec "$programs/kafka-server-start.sh" "$settings"
