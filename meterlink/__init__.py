"""meterlink: talks to electricity meters, plans what to change in them, and proves what was done."""
