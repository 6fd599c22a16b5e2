"""What is true without AWS: the policy, retention, identities, records and mail. Pure functions and frozen data."""
