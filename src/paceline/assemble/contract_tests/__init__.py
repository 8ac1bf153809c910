"""Contract tests: given events, what goes to the vendor, or why nothing does; and which rules no test would miss.

suite      which mappings are tested with which cases: a workspace's, or a connector's default mappings
bench      one mapping, ready to be tried on cases
run        all cases of a suite, with their results
coverage   every rule of a mapping altered, to see whether a case fails
update     expectations rewritten in place
report     JUnit XML, annotations for GitHub
"""
