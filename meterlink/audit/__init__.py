"""The sealed log of work: every record hashed, chained, signed and provable to strangers."""
