"""Text messages: by SMPP to an operator's own SMSC, or through a provider's HTTP interface."""
