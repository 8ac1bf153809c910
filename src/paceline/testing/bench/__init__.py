"""The pipeline benchmark: `paceline bench`, or `python -m paceline.testing.bench`.

It starts the real gateway and worker on a workspace of its own, a load generator and a receiving sink, each in a
process of its own, and measures rates, latencies, CPU and memory with everything switched on. Beside every rate stands
how many events were lost or doubled, counted from the generator's acknowledgements and the sink's own book.

    events      the load: Order Completed events whose message ids tell when they were sent
    generator   the process that sends (open loop, or as fast as it is answered)
    sink        the process that receives what the worker delivers
    workspace   the workspace under test
    rig         all processes together, and one measurement
    scenarios   what is measured
    report      the table and the file
"""
