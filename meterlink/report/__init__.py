"""Papers that are made of records: the act's body and its rendering. Nothing here asks a meter."""
