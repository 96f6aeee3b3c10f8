"""Who people are: identity, contact points, consents and the events that they cause elsewhere."""
