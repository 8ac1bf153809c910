"""How events of a source move away from their contracts: drift, and violations grouped for people. Pure."""
