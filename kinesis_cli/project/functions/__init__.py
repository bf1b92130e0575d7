"""What a template says of its functions: their code, environment, mappings and layers."""
