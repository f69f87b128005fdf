"""The sections of the act as blocks, by subject. `act_layout` puts them into the paper."""
