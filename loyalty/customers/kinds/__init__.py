"""Plug-ins of customers: sources of customers, and parts of the whole view of one."""
