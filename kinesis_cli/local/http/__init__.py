"""The endpoint's front: HTTP, the protocols of AWS's SDKs, and which service answers."""
