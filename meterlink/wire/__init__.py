"""Bytes without IO and without a clock: checksums, packed decimals, frames, requests."""
