"""The plug-ins of journeys: kinds of nodes and kinds of actions."""
