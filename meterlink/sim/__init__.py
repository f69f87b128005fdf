"""The simulated side of a line: virtual wire, faults, meter clock. No sockets and no wall clock; time is an argument."""
