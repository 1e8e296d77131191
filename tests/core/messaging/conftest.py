import pytest
from tests.builders.journals import JournalService


@pytest.fixture
async def service() -> JournalService:
    service = JournalService()
    await service.start()
    return service
