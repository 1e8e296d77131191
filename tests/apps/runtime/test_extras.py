import pytest

from apps.runtime.extras import MissingExtra, extra


def test_a_driver_that_is_not_installed_is_named_with_the_remedy() -> None:
    with (
        pytest.raises(MissingExtra) as refused,
        extra("kafka", driver="confluent-kafka", wanted_by="TRADEX_BROKER=kafka"),
    ):
        raise ModuleNotFoundError(name="confluent_kafka.admin")

    assert "TRADEX_BROKER=kafka needs confluent-kafka: pip install 'tradex[kafka]'" == str(
        refused.value
    )


def test_a_module_of_ours_that_is_missing_is_no_missing_extra() -> None:
    with (
        pytest.raises(ModuleNotFoundError),
        extra("kafka", driver="confluent-kafka", wanted_by="TRADEX_BROKER=kafka"),
    ):
        raise ModuleNotFoundError(name="adapters.kafka.broker")
