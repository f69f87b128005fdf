"""The simulated side of a line: wire, faults, meter clock. No sockets and no wall clock; time is an argument."""
