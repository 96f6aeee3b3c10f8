"""Settings shared by every process; values come from the environment through ``env``."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from loyalty.config import env

ROOT = Path(__file__).resolve().parents[2]
DATA_DIR = env.folder("LOYALTY_DATA_DIR", ROOT.parent / ".khaywe")
PUBLIC_URL = env.text("LOYALTY_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")

DEBUG = False
SECRET_KEY = env.secret("LOYALTY_SECRET_KEY")
ALLOWED_HOSTS = env.listing("LOYALTY_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
ROOT_URLCONF = "loyalty.config.urls"
WSGI_APPLICATION = "loyalty.config.wsgi.application"

FOUNDATION_APPS = [
    "loyalty.foundation.events",
    "loyalty.foundation.work",
    "loyalty.foundation.audit",
    "loyalty.foundation.configuration",
    "loyalty.foundation.access",
    "loyalty.foundation.exchange",
    "loyalty.foundation.signing_in",
    "loyalty.foundation.approvals",
]
DOMAIN_APPS = [
    "loyalty.customers",
    "loyalty.warehouse",
    "loyalty.features",
    "loyalty.delivery",
    "loyalty.programs",
    "loyalty.ledger",
    "loyalty.points",
    "loyalty.tiers",
    "loyalty.segments",
    "loyalty.campaigns",
    "loyalty.journeys",
    "loyalty.analytics",
    "loyalty.gateways.catalogues",
    "loyalty.gateways.customer360",
    "loyalty.gateways.demo",
]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    *FOUNDATION_APPS,
    *(name for name in DOMAIN_APPS if (ROOT.parent / name.replace(".", "/") / "apps.py").exists()),
]
AUTH_USER_MODEL = "access.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "loyalty.foundation.signing_in.operations.password_rules.NotTheUserName"},
]
# The first one hashes; the others can still be read, and are replaced when their owner signs in.
PASSWORD_HASHERS = [
    "loyalty.foundation.signing_in.operations.hashing.StatedArgon2",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]

MIDDLEWARE = [
    "loyalty.foundation.web.addresses.ForwardedClient",
    "loyalty.foundation.web.middleware.RequestId",
    "loyalty.foundation.web.middleware.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "loyalty.foundation.web.throttling.AddressLimit",
    "loyalty.foundation.web.middleware.BodyLimit",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]


def database(address: env.DatabaseAddress) -> dict[str, Any]:
    """Give Django's form of a database address."""
    return {
        "ENGINE": "loyalty.foundation.orm.postgresql",
        "NAME": address.name,
        "USER": address.user,
        "PASSWORD": address.password,
        "HOST": address.host,
        "PORT": address.port,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"application_name": "khaywe", **address.options},
    }


DATABASES = {"default": database(env.postgres("DATABASE_URL"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        # A cache that hangs must not hang a request.
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
}

SESSION_ENGINE = "loyalty.foundation.signing_in.rest.session_engine"
# A working day at most, and two hours without anybody there.
LOYALTY_SESSION_HOURS = env.whole("LOYALTY_SESSION_HOURS", 12, low=1, high=168)
LOYALTY_SESSION_IDLE_MINUTES = env.whole("LOYALTY_SESSION_IDLE_MINUTES", 120, low=5, high=10_080)
# Roles whose holders must have a second factor; `*` for everybody.
LOYALTY_SECOND_FACTOR_ROLES = env.listing("LOYALTY_SECOND_FACTOR_ROLES", "")
LOYALTY_SECOND_FACTOR_ISSUER = env.text("LOYALTY_SECOND_FACTOR_ISSUER", "Khaywe Loyalty")
# The defaults of the section `oidc`; an empty issuer is no identity provider.
LOYALTY_OIDC_ISSUER = env.text("LOYALTY_OIDC_ISSUER", "")
LOYALTY_OIDC_CLIENT_ID = env.text("LOYALTY_OIDC_CLIENT_ID", "")
LOYALTY_OIDC_CLIENT_SECRET = env.text("LOYALTY_OIDC_CLIENT_SECRET", "")
LOYALTY_OIDC_NAME = env.text("LOYALTY_OIDC_NAME", "Company account")
LOYALTY_OIDC_ROLES = env.mapping("LOYALTY_OIDC_ROLES")
LOYALTY_OIDC_CREATES_USERS = env.flag("LOYALTY_OIDC_CREATES_USERS", default=True)
SESSION_COOKIE_AGE = int(timedelta(hours=LOYALTY_SESSION_HOURS).total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "loyalty.foundation.web.problems.csrf_failed"
COOKIES_SECURE = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = COOKIES_SECURE
# With this prefix a browser takes the cookie only over https and gives it to no other host.
SESSION_COOKIE_NAME = "__Host-sessionid" if COOKIES_SECURE else "sessionid"
CSRF_COOKIE_SECURE = COOKIES_SECURE
# Behind https a browser is told to come by nothing else, for a year; health pages are asked from inside.
SECURE_HSTS_SECONDS = env.whole("LOYALTY_HSTS_SECONDS", 31_536_000, low=0, high=126_144_000) if COOKIES_SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.flag("LOYALTY_HSTS_SUBDOMAINS", default=True)
SECURE_SSL_REDIRECT = COOKIES_SECURE and env.flag("LOYALTY_HTTPS_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# The longest lawful body is a batch of 1,000 events; each event stays far below 2 kB.
LOYALTY_REQUEST_BYTES_MAX = 2_000_000
# A file of members is read as it comes, never whole into memory; a million rows are about a hundred megabytes.
LOYALTY_IMPORT_BYTES_MAX = env.whole("LOYALTY_IMPORT_BYTES_MAX", 1_000_000_000, low=1_000, high=100_000_000_000)
# Bodies that may be longer than others, by their media type.
LOYALTY_UPLOAD_BYTES_MAX = {
    "text/csv": LOYALTY_IMPORT_BYTES_MAX,
    "multipart/form-data": env.whole("LOYALTY_UPLOAD_BYTES_MAX", 50_000_000, low=1_000, high=1_000_000_000),
}
DATA_UPLOAD_MAX_MEMORY_SIZE = LOYALTY_REQUEST_BYTES_MAX

# How many proxies of the operator's own stand before the web server; only what they wrote of the client is believed.
LOYALTY_TRUSTED_PROXIES = env.whole("LOYALTY_TRUSTED_PROXIES", 0, low=0, high=5)
LOYALTY_PROXY_HEADER = env.choice("LOYALTY_PROXY_HEADER", "forwarded", ("forwarded", "x-forwarded-for"))
# Requests per minute: a person's console, a program's token, everything that comes from one address.
LOYALTY_RATE_LIMITS = {
    "user": env.whole("LOYALTY_RATE_USER", 3_000, low=0, high=10_000_000),
    "token": env.whole("LOYALTY_RATE_TOKEN", 300_000, low=0, high=10_000_000),
    "partner": env.whole("LOYALTY_RATE_PARTNER", 60_000, low=0, high=10_000_000),
    "address": env.whole("LOYALTY_RATE_ADDRESS", 600_000, low=0, high=10_000_000),
}
# What these permissions open moves points: there a limit holds also while Redis is down.
LOYALTY_LIMITS_CLOSED = ("points.", "pools.")
LOYALTY_LIMITS_PREFIX = "khaywe:limit"
# Where the ends of the audit chain are told outside of the database, and how often; a copy elsewhere is worth more.
LOYALTY_AUDIT_ANCHOR_FILE = env.text("LOYALTY_AUDIT_ANCHOR_FILE", str(DATA_DIR / "audit-anchors.jsonl"))
LOYALTY_AUDIT_ANCHOR_SECONDS = env.whole("LOYALTY_AUDIT_ANCHOR_SECONDS", 300, low=1, high=86_400)
LOYALTY_AUDIT_EXPORT_ROWS_MAX = env.whole("LOYALTY_AUDIT_EXPORT_ROWS_MAX", 1_000_000, low=1, high=100_000_000)

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
# The built console; the launcher builds it there and a wheel carries it.
CONSOLE_DIST = env.folder("LOYALTY_CONSOLE_DIST", ROOT / "config" / "console_dist")
WHITENOISE_ROOT = CONSOLE_DIST if CONSOLE_DIST.exists() else None
WHITENOISE_INDEX_FILE = False
# Vite names every file there by its content, so a browser never has to ask again.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/assets/"
WHITENOISE_ALLOW_ALL_ORIGINS = False

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "loyalty.foundation.access.rest.authentication.BearerToken",
        "loyalty.foundation.signing_in.rest.authentication.ConsoleSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "loyalty.foundation.web.permissions.DeclaredPermission",
        "loyalty.foundation.signing_in.rest.permissions.SignInComplete",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["loyalty.foundation.web.throttling.ActorLimit"],
    "DEFAULT_PARSER_CLASSES": ["loyalty.foundation.web.parsers.ExactJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["loyalty.foundation.web.parsers.ExactJSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "loyalty.foundation.web.pagination.NumberedPages",
    "DEFAULT_SCHEMA_CLASS": "loyalty.foundation.web.openapi.ProblemSchema",
    "EXCEPTION_HANDLER": "loyalty.foundation.web.problems.handle_exception",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "TEST_REQUEST_RENDERER_CLASSES": ["loyalty.foundation.web.parsers.ExactJSONRenderer"],
}
SPECTACULAR_SETTINGS = {
    "ENUM_NAME_OVERRIDES": {
        "AttributeKindEnum": "loyalty.customers.models.ATTRIBUTE_KINDS",
        "MessageChannelEnum": "loyalty.delivery.models.CHANNELS",
        "EndpointStateEnum": "loyalty.foundation.exchange.contracts.EndpointState",
        "GrantScopeEnum": "loyalty.foundation.kernel.grants.Scope",
        "BudgetScopeEnum": "loyalty.delivery.models.BUDGET_SCOPES",
        "ScopeEnum": "loyalty.programs.contracts.CapScope",
        "ProgramStatusEnum": "loyalty.programs.contracts.ProgramStatus",
        "CapPeriodEnum": "loyalty.programs.contracts.CapPeriod",
        "ExpiryKindEnum": "loyalty.programs.contracts.ExpiryKind",
        "ExpiryPeriodEnum": "loyalty.programs.contracts.ExpiryPeriod",
    },
    "TITLE": "Khaywe Loyalty Platform",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/loyalty/v1/",
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 2, "socket_connect_timeout": 2}
CELERY_TIMEZONE = "UTC"
# Workers write their log through the formatter below, too, which blots secrets out.
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env.text("EMAIL_HOST", "127.0.0.1")
EMAIL_PORT = env.whole("EMAIL_PORT", 25, low=1, high=65535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = env.whole("EMAIL_TIMEOUT", 10, low=1, high=120)
DEFAULT_FROM_EMAIL = env.text("LOYALTY_FROM_EMAIL", "loyalty@khaywe.example")
# True only where the mail server is the customers' own: then "accepted" is "delivered".
LOYALTY_EMAIL_RELAY_IS_FINAL = env.flag("LOYALTY_EMAIL_RELAY_IS_FINAL")

# Where the short links in text messages begin, when the operator has a short domain that leads here.
LOYALTY_SHORT_LINK_URL = env.text("LOYALTY_SHORT_LINK_URL", "").rstrip("/")

# Who carries text messages; empty is nobody, and the channel is then refused.
LOYALTY_SMS_PROVIDER = env.choice("LOYALTY_SMS_PROVIDER", "", ("", "smpp"))
LOYALTY_SMS_FROM = env.text("LOYALTY_SMS_FROM", "Khaywe")
LOYALTY_SMS_STOP_TEXT = env.text("LOYALTY_SMS_STOP_TEXT", "Reply STOP to stop.")
LOYALTY_SMS_REPLIES = {
    "STOP": env.text(
        "LOYALTY_SMS_STOP_REPLY", "You will get no more offers by text message. Reply START to get them again."
    ),
    "START": env.text("LOYALTY_SMS_START_REPLY", "You will get our offers by text message. Reply STOP to stop."),
    "HELP": env.text("LOYALTY_SMS_HELP_REPLY", "Khaywe loyalty. Reply STOP to get no more offers."),
}
LOYALTY_SMPP_HOST = env.text("LOYALTY_SMPP_HOST", "127.0.0.1")
LOYALTY_SMPP_PORT = env.whole("LOYALTY_SMPP_PORT", 2775, low=1, high=65535)
LOYALTY_SMPP_SYSTEM_ID = env.text("LOYALTY_SMPP_SYSTEM_ID", "")
LOYALTY_SMPP_PASSWORD = env.text("LOYALTY_SMPP_PASSWORD", "")
LOYALTY_SMPP_SYSTEM_TYPE = env.text("LOYALTY_SMPP_SYSTEM_TYPE", "")
LOYALTY_SMPP_USE_TLS = env.flag("LOYALTY_SMPP_USE_TLS")
LOYALTY_SMPP_TIMEOUT = env.whole("LOYALTY_SMPP_TIMEOUT", 10, low=1, high=120)
# Segments under way without an answer, and segments a second on one line (0: as many as go), as the operator allows.
LOYALTY_SMPP_WINDOW = env.whole("LOYALTY_SMPP_WINDOW", 10, low=1, high=1_000)
LOYALTY_SMPP_SEGMENTS_PER_SECOND = env.whole("LOYALTY_SMPP_SEGMENTS_PER_SECOND", 0, low=0, high=100_000)
# How the centre writes the ids of segments in its answers and in its receipts.
LOYALTY_SMPP_MESSAGE_IDS = env.choice(
    "LOYALTY_SMPP_MESSAGE_IDS", "as_told", ("as_told", "hex_then_decimal", "decimal_then_hex")
)

XIVA_API_BASE_URL = env.text("XIVA_API_BASE_URL", "")
XIVA_API_USERNAME = env.text("XIVA_API_USERNAME", "")
XIVA_API_PASSWORD = env.text("XIVA_API_PASSWORD", "")

# Each kind of warehouse is a folder in loyalty/warehouse/kinds, which names the setting of its address.
DWH_TYPE = env.choice("DWH_TYPE", "postgresql", ("postgresql", "duckdb", "oracle", "snowflake", "ibis"))
DWH_POSTGRESQL_URL = env.text("DWH_POSTGRESQL_URL", "")
DWH_DUCKDB_PATH = env.text("DWH_DUCKDB_PATH", "")
DWH_ORACLE_URL = env.text("DWH_ORACLE_URL", "")
DWH_SNOWFLAKE_URL = env.text("DWH_SNOWFLAKE_URL", "")
DWH_IBIS_URL = env.text("DWH_IBIS_URL", "")
DWH_ADMIN_URL = env.text("DWH_ADMIN_URL", "")
DWH_CUSTOMER_FEATURES_TABLE = env.text("DWH_CUSTOMER_FEATURES_TABLE", "customer_features_view")
DWH_CUSTOMER_FEATURES_QUERY = env.text("DWH_CUSTOMER_FEATURES_QUERY", "")
DWH_CUSTOMER_FEATURES_QUERY_DAYS = env.whole("DWH_CUSTOMER_FEATURES_QUERY_DAYS", 365, low=1, high=36_500)
DWH_STATEMENT_TIMEOUT_MS = env.whole("DWH_STATEMENT_TIMEOUT_MS", 60_000, low=100, high=3_600_000)
DWH_ROWS_MAX = env.whole("DWH_ROWS_MAX", 50_000_000, low=1_000, high=1_000_000_000)
DWH_BYTES_MAX_MB = env.whole("DWH_BYTES_MAX_MB", 16_384, low=1, high=1_048_576)
DWH_MEMORY_MB = env.whole("DWH_MEMORY_MB", 1024, low=64, high=1_048_576)
FEATURE_STORE_DATA_SOURCE = env.choice("FEATURE_STORE_DATA_SOURCE", "auto", ("dwh", "xiva", "auto"))
FEATURE_STORE_MERGE_STRATEGY = env.choice(
    "FEATURE_STORE_MERGE_STRATEGY", "dwh_first", ("xiva_first", "dwh_first", "merge")
)
FEATURE_STORE_CACHE_SECONDS = env.whole("FEATURE_STORE_CACHE_SECONDS", 3600, low=0, high=604_800)
FEATURE_STORE_STALE_SECONDS = env.whole("FEATURE_STORE_STALE_SECONDS", 86_400, low=0, high=604_800)
CUSTOMERS_PII_PEOPLE_PER_HOUR = env.whole("CUSTOMERS_PII_PEOPLE_PER_HOUR", 2_000, low=0, high=10_000_000)
SEGMENTS_SHRINKAGE_MAX_PERCENT = env.whole("SEGMENTS_SHRINKAGE_MAX_PERCENT", 50, low=0, high=100)
SEGMENTS_INCREMENTS_MAX = env.whole("SEGMENTS_INCREMENTS_MAX", 10, low=0, high=10_000)

# The master key of the secrets that are stored (foundation/configuration): one that seals, older ones that open.
LOYALTY_SECRETS_KEY_SOURCE = env.text("LOYALTY_SECRETS_KEY_SOURCE", "environment")
LOYALTY_SECRETS_KEY = env.text("LOYALTY_SECRETS_KEY", "") and env.secret("LOYALTY_SECRETS_KEY")
LOYALTY_SECRETS_KEYS_OLD = env.listing("LOYALTY_SECRETS_KEYS_OLD", "")
LOYALTY_SECRETS_KEY_FILE = env.text("LOYALTY_SECRETS_KEY_FILE", "")

# Calls to other systems (loyalty/foundation/resilience/egress): public hosts over TLS, and what is allowed beyond. Each
# word may be for one purpose only: "warehouse=10.20.0.0/16".
LOYALTY_EGRESS_NETWORKS = env.listing("LOYALTY_EGRESS_NETWORKS", "")
LOYALTY_EGRESS_PORTS = env.listing(
    "LOYALTY_EGRESS_PORTS",
    "443,email=25,email=465,email=587,email=2525,warehouse=443,warehouse=1521,warehouse=2484,warehouse=5432,"
    "kafka=9092,kafka=9093,kafka=9094,kafka=9096,sms=2775,sms=2776,sms=3550",
)
LOYALTY_EGRESS_SCHEMES = env.listing("LOYALTY_EGRESS_SCHEMES", "https")
LOYALTY_EGRESS_HOSTS = env.listing("LOYALTY_EGRESS_HOSTS", "*")
LOYALTY_EGRESS_CA_FILE = env.text("LOYALTY_EGRESS_CA_FILE", "")

# Connections on which one worker sends at the same time; while one waits for its provider the other works.
LOYALTY_SENDER_LINES = env.whole("LOYALTY_SENDER_LINES", 3, low=1, high=16)

# Whole months of facts that the event store keeps, 0 for all; features, segments and journeys look up to a year back.
LOYALTY_EVENTS_KEPT_MONTHS = env.whole("LOYALTY_EVENTS_KEPT_MONTHS", 0, low=0, high=1_200)
if 0 < LOYALTY_EVENTS_KEPT_MONTHS < 13:
    raise env.SettingInvalid("LOYALTY_EVENTS_KEPT_MONTHS", "must be 0 (keep everything) or at least 13.")

# Kafka (loyalty/foundation/exchange); what is saved in the section `kafka` comes before these.
LOYALTY_KAFKA_ENABLED = env.flag("LOYALTY_KAFKA_ENABLED")
LOYALTY_KAFKA_BOOTSTRAP_SERVERS = env.text("LOYALTY_KAFKA_BOOTSTRAP_SERVERS", "localhost:9092")
LOYALTY_KAFKA_GROUP_ID = env.text("LOYALTY_KAFKA_GROUP_ID", "loyalty-service")
LOYALTY_KAFKA_TOPIC = env.text("LOYALTY_KAFKA_TOPIC", "loyalty-events")
LOYALTY_KAFKA_TOPICS_IN = env.listing("LOYALTY_KAFKA_TOPICS_IN", "customer-events,dwh-updates,bss-events")
LOYALTY_KAFKA_SECURITY_PROTOCOL = env.choice(
    "LOYALTY_KAFKA_SECURITY_PROTOCOL", "PLAINTEXT", ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
)
LOYALTY_KAFKA_SASL_MECHANISM = env.choice(
    "LOYALTY_KAFKA_SASL_MECHANISM", "SCRAM-SHA-512", ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
)
LOYALTY_KAFKA_USERNAME = env.text("LOYALTY_KAFKA_USERNAME", "")
LOYALTY_KAFKA_PASSWORD = env.text("LOYALTY_KAFKA_PASSWORD", "")

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "loyalty.foundation.kernel.redaction.RedactingFormatter",
            "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "ERROR"},
        # One line for each call to another system is noise; its failures are told by who called.
        "httpx": {"level": "WARNING"},
    },
}
