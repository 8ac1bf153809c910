"""The integration debt score: what one-off adapters, hidden rules and hand work cost to put right, and every week.

Pure: facts about a workspace and its code go in (`facts`), items (`items`) and a score (`score`) come out. What an item
is called is made of teams, families of events and vendors, never of files; a place is only shown. So renaming files or
splitting a mapping in two changes nothing.
"""
