"""What will hurt in a template or a deployed mapping: rules over what `project` has resolved."""
