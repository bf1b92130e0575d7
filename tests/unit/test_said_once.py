"""Tables that have to name the same things, where one cannot be made of the other."""

from kinesis_cli.event_source_mapping.settings_document import ACTED_ON
from kinesis_cli.local.neighbours.resources.kinds import MADE
from kinesis_cli.local.neighbours.resources.making import MAKERS
from kinesis_cli.payloads.changes.attribute_values import READ_TYPES
from kinesis_cli.places.services import EXTRAS
from kinesis_cli.places.url import SCHEMES
from kinesis_cli.project.functions.mappings import MAPPING_MEMBERS
from kinesis_cli.stream.kinds.dynamodb import ATTRIBUTE_TYPES
from kinesis_cli.testing.search.checking import NEEDS_GOOD
from kinesis_cli.testing.search.registry import PROPERTIES
from kinesis_cli.testing.search.trials import AS_TRIED, COMPARING


def test_each_service_whose_urls_are_taken_can_be_reached() -> None:
    assert EXTRAS.keys() == {*SCHEMES}


def test_each_resource_that_is_said_to_be_made_here_has_a_maker() -> None:
    """The order is one table's, the makers the other's: the status asks for types alone."""
    assert MAKERS.keys() == {*MADE}


def test_each_type_of_an_attribute_can_be_read() -> None:
    assert READ_TYPES == ATTRIBUTE_TYPES


def test_what_a_template_says_of_a_mapping_is_what_a_mapping_has() -> None:
    """A template names the function by its place, and can switch the mapping off."""
    assert MAPPING_MEMBERS.keys() ^ ACTED_ON == {"Enabled", "FunctionName", "FunctionArn"}


def test_what_is_said_of_properties_by_name_is_of_properties_that_there_are() -> None:
    assert PROPERTIES.keys() >= COMPARING | AS_TRIED | NEEDS_GOOD
