"""The only room with IO: ports, runners, the trace file, and the doors through which simulated meters are reached."""
