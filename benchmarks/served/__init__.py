"""The platform's own server program with three addresses more: nothing, a bare ledger earn, and a naive ORM earn."""
