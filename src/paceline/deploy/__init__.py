"""Packs one integration into a function, a container or a job, and speaks with the platforms that run them."""
