"""The text of a template: where what stands, what is to be ignored, and changing it."""
