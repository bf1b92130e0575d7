"""From a template to what the rules see of it: mappings, their surroundings, the code."""
