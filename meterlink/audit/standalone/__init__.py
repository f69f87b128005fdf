"""The one-file checker that travels in evidence bundles; nothing of meterlink imports it."""
