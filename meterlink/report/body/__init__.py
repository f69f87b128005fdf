"""What the act's body takes from records, by subject. `act_body` puts the parts together."""
