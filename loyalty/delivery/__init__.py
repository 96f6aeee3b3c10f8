"""Messages to customers: channels, templates, the contact policy and the send ledger."""
