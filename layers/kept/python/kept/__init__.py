"""Keeps a shop's privacy policy: what comes in is reviewed, then discarded; nobody is contacted without asking."""
