"""Front door of population."""

from loyalty.population.contracts import ExtraColumn, Person, Population, PopulationDescription, RowProblem
from loyalty.population.errors import CustomersFileInvalid
from loyalty.population.policy import person_of
from loyalty.population.queries import FILE_NAME, find_description, open_population, people_of, save_description

__all__ = [
    "FILE_NAME",
    "CustomersFileInvalid",
    "ExtraColumn",
    "Person",
    "Population",
    "PopulationDescription",
    "RowProblem",
    "find_description",
    "open_population",
    "people_of",
    "person_of",
    "save_description",
]
