"""What lies around where kcli runs: build files, templates and handlers, found by their texts."""
