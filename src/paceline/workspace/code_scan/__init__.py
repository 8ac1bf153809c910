"""Finds code of the team that reaches a vendor by itself: by the vendor's hosts, or by its client library.

    vendors      what gives a vendor away, from connectors' manifests
    files        which files of a folder are the team's own code
    texts        what a text in a program can be, as far as it can be told without running it
    sightings    what is found in one file, and how it is put together over files
    python       Python, by its syntax tree
    javascript   JavaScript and TypeScript, by theirs (needs the extra `paceline[scan]`)
    scan         a whole folder

Nothing is run or imported. What depends on the environment or on parameters is named as not evaluated.
"""
