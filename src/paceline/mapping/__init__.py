"""The mapping language: a versioned file that turns one event into one vendor's payload.

expression, scanner, parser   the text of an expression and its tree (grammar.lark is the published grammar)
functions/                    what the language can call, one definition a function
analysis, targets, plan       what is wrong with a file by itself: all faults at once
generate/                     the Python source of a mapping; compile loads it
explanation                   step by step, what a mapping makes of one event
check                         a mapping against its contract and the vendor's schema; inference, types, schemas, fitting

Start at `paceline.mapping.compile.compile_mapping` and `paceline.mapping.check.check_mapping`. Importing this package
loads none of it.
"""
