"""Functions and their mappings, run: what is started, asked and ended.

function_service   one object for the server's life
deliveries         the mappings that are delivered now, and waiting for them
telling            what functions and mappings say
"""
