"""What the services agree on: the touchpoint contract, settings, errors, clock, telemetry, command line."""

__version__ = "0.1.0"
