"""Kept keeps a shop's privacy policy: what comes in is reviewed, then discarded, and nobody is contacted without asking."""
