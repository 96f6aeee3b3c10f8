"""Front door of customers."""

from loyalty.customers.contracts import (
    BssFacts,
    Channel,
    ConsentRecord,
    ConsentView,
    CustomerRecord,
    CustomerStatus,
    CustomerView,
    DevicePlatform,
    DeviceView,
    EventsReport,
    IssuedSecret,
    Purpose,
    UpsertReport,
)
from loyalty.customers.errors import (
    BssAnswerInvalid,
    BssCredentialsRefused,
    BssNotConfigured,
    BssUnavailable,
    ConsentInvalid,
    CustomerNotFound,
    CustomerRecordInvalid,
    DeviceInvalid,
    DeviceNotFound,
)
from loyalty.customers.operations.consenting import grant_consent, withdraw_consent
from loyalty.customers.operations.devices import disable_devices, list_devices_of, register_device, remove_device
from loyalty.customers.operations.exchanging import take_events
from loyalty.customers.operations.importing import import_from_xiva
from loyalty.customers.operations.receiving import receive_events
from loyalty.customers.operations.sources import check_signature, close_source, create_source
from loyalty.customers.operations.upserting import upsert_many
from loyalty.customers.operations.watching import count_look
from loyalty.customers.queries import (
    DIRECTORY_VIEW,
    REACHABLE_VIEW,
    count_customers,
    find_bss_breaker_state,
    find_bss_facts,
    find_bss_facts_of,
    find_customer,
    find_many,
    find_named_customer,
    get_customer,
    get_customer_by_ref,
    is_bss_configured,
    list_by_address,
    list_consents,
    list_customers,
    resolve_ids,
    test_bss,
)
from loyalty.customers.registry import OverviewPart, overview, register_overview_part

# The run kind of an import; the runs' subject is the source.
IMPORT_RUN_KIND = "customers.import"

__all__ = [
    "DIRECTORY_VIEW",
    "IMPORT_RUN_KIND",
    "REACHABLE_VIEW",
    "BssAnswerInvalid",
    "BssCredentialsRefused",
    "BssFacts",
    "BssNotConfigured",
    "BssUnavailable",
    "Channel",
    "ConsentInvalid",
    "ConsentRecord",
    "ConsentView",
    "CustomerNotFound",
    "CustomerRecord",
    "CustomerRecordInvalid",
    "CustomerStatus",
    "CustomerView",
    "DeviceInvalid",
    "DeviceNotFound",
    "DevicePlatform",
    "DeviceView",
    "EventsReport",
    "IssuedSecret",
    "OverviewPart",
    "Purpose",
    "UpsertReport",
    "check_signature",
    "close_source",
    "count_customers",
    "disable_devices",
    "count_look",
    "create_source",
    "find_bss_breaker_state",
    "find_bss_facts",
    "find_bss_facts_of",
    "find_customer",
    "find_many",
    "find_named_customer",
    "get_customer",
    "get_customer_by_ref",
    "grant_consent",
    "import_from_xiva",
    "take_events",
    "list_by_address",
    "list_consents",
    "list_customers",
    "list_devices_of",
    "overview",
    "receive_events",
    "register_device",
    "register_overview_part",
    "remove_device",
    "resolve_ids",
    "is_bss_configured",
    "test_bss",
    "upsert_many",
    "withdraw_consent",
]
