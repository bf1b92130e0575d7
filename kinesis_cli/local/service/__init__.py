"""Functions and their mappings, run: what is started, asked and ended.

function_service   one object for the server's life
deliveries         the mappings that are delivered now, and waiting for them
readers            those that read a stream, for who follows its records
telling            what functions and mappings say
"""
