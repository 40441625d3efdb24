"""Random case work in each process model, through casebooks on a store, checked at every step."""

from hypothesis import settings

from caseflow.storage import MemoryStorage
from caseflow.testing import lifecycle
from caseflow.testing.casework import PAYLOADS
from tests.stages.models import MODELS_THAT_SHIP


def machine(place):
    """The test of one model; the six stages have theirs in tests/testing."""
    case = lifecycle(MODELS_THAT_SHIP[place].workflow, MemoryStorage, payloads=PAYLOADS).TestCase
    case.settings = settings(max_examples=3, stateful_step_count=15)
    return case


TestFourStages = machine(1)
TestFiveStages = machine(2)
TestContinuum = machine(3)
TestServiceDelivery = machine(4)
TestServiceDeliveryFromIntake = machine(5)
