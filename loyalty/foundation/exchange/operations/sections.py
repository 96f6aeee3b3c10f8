"""The section of configuration that belongs to exchange: Kafka."""

from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.configuration.api import Field, FieldType, SectionSpec

KAFKA = SectionSpec(
    code="kafka",
    title="Kafka",
    title_in={"ar": "كافكا"},
    description=(
        "Brokers that every fact is handed to, and whose topics are read. "
        "The process run_kafka reads this at its start."
    ),
    fields=(
        Field(
            "bootstrap_servers",
            FieldType.TEXT,
            "Brokers",
            configuration.setting("LOYALTY_KAFKA_BOOTSTRAP_SERVERS"),
            "LOYALTY_KAFKA_BOOTSTRAP_SERVERS",
            "host:port, with commas between them",
            is_endpoint=True,
        ),
        Field(
            "security_protocol",
            FieldType.CHOICE,
            "Protocol",
            configuration.setting("LOYALTY_KAFKA_SECURITY_PROTOCOL"),
            "LOYALTY_KAFKA_SECURITY_PROTOCOL",
            is_endpoint=True,
            choices=("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
        ),
        Field(
            "sasl_mechanism",
            FieldType.CHOICE,
            "Way to sign in",
            configuration.setting("LOYALTY_KAFKA_SASL_MECHANISM"),
            "LOYALTY_KAFKA_SASL_MECHANISM",
            choices=("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
        ),
        Field(
            "username",
            FieldType.TEXT,
            "User",
            configuration.setting("LOYALTY_KAFKA_USERNAME"),
            "LOYALTY_KAFKA_USERNAME",
            is_endpoint=True,
        ),
        Field(
            "password",
            FieldType.SECRET,
            "Password",
            configuration.setting("LOYALTY_KAFKA_PASSWORD"),
            "LOYALTY_KAFKA_PASSWORD",
        ),
        Field(
            "group_id",
            FieldType.TEXT,
            "Consumer group",
            configuration.setting("LOYALTY_KAFKA_GROUP_ID"),
            "LOYALTY_KAFKA_GROUP_ID",
            low=1,
        ),
        Field(
            "topic",
            FieldType.TEXT,
            "Topic of our facts",
            configuration.setting("LOYALTY_KAFKA_TOPIC"),
            "LOYALTY_KAFKA_TOPIC",
            low=1,
        ),
        Field(
            "topics_in",
            FieldType.LIST,
            "Topics that are read",
            configuration.setting("LOYALTY_KAFKA_TOPICS_IN"),
            "LOYALTY_KAFKA_TOPICS_IN",
            "The name of a topic is the source by which mappings are chosen.",
        ),
    ),
    needs_approval=True,
)
