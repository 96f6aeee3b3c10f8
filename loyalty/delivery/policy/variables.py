"""The names that delivery itself has a value for, whoever speaks."""

# What is known of every customer; a template may always use these.
OWN_VARIABLES = ("first_name", "last_name", "customer_ref")
# Signed addresses that are made for each message: the way to the customer's own choices.
PREFERENCES = "preferences_url"
LINK_VARIABLES = (PREFERENCES,)
