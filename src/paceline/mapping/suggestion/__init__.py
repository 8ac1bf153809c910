"""Which path of an event fits a vendor's field: a ranking with reasons, without sending anything."""
